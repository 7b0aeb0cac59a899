// Calls talk with Connect's own client: node client.mjs http://127.0.0.1:8000
import assert from "node:assert/strict";
import { create, createFileRegistry } from "@bufbuild/protobuf";
import {
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  FileDescriptorProtoSchema,
} from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";

// services/talk/talk.proto, as far as it is used here.
const camel = (name) => name.replace(/_(.)/g, (_, letter) => letter.toUpperCase());
const field = (name, number, type, extra = {}) => ({
  name, number, type, jsonName: camel(name), label: Label.OPTIONAL, ...extra,
});
const long = (name, number) => field(name, number, Type.INT64);
const text = (name, number) => field(name, number, Type.STRING);
const many = (name, number, typeName) => field(name, number, Type.MESSAGE, { label: Label.REPEATED, typeName });
const message = (name, ...fields) => ({ name, field: fields });
const rpc = (name, input, output) => ({ name, inputType: `.talk.v1.${input}`, outputType: `.talk.v1.${output}` });

const file = create(FileDescriptorProtoSchema, {
  name: "talk.proto",
  package: "talk.v1",
  syntax: "proto3",
  messageType: [
    message("User", long("id", 1), text("email", 2), text("name", 3)),
    message("CreateUserRequest", text("email", 1), text("name", 2)),
    message("GetUserRequest", long("id", 1)),
    message("ListUsersRequest", field("limit", 1, Type.INT32), text("cursor", 2)),
    message("ListUsersResponse", many("users", 1, ".talk.v1.User"), text("next_cursor", 2)),
    message("Message", long("id", 1), long("conversation_id", 2), text("role", 3), text("content", 4)),
    message("Conversation", long("id", 1), long("user_id", 2), text("topic", 3), many("messages", 7, ".talk.v1.Message")),
    message("StartConversationRequest", long("user_id", 1), text("topic", 2), text("first_message", 3)),
    message("EndConversationRequest", long("id", 1)),
    message("SendMessagesRequest", long("id", 1), many("messages", 2, ".talk.v1.Message")),
    message("SendMessagesResponse", many("messages", 1, ".talk.v1.Message")),
  ],
  service: [
    {
      name: "UserService",
      method: [
        rpc("CreateUser", "CreateUserRequest", "User"),
        rpc("GetUser", "GetUserRequest", "User"),
        rpc("ListUsers", "ListUsersRequest", "ListUsersResponse"),
        rpc("NoSuchProcedure", "GetUserRequest", "User"),
      ],
    },
    {
      name: "ConversationService",
      method: [
        rpc("StartConversation", "StartConversationRequest", "Conversation"),
        rpc("EndConversation", "EndConversationRequest", "Conversation"),
      ],
    },
    { name: "MessageService", method: [rpc("SendMessages", "SendMessagesRequest", "SendMessagesResponse")] },
    { name: "NoSuchService", method: [rpc("GetUser", "GetUserRequest", "User")] },
  ],
});
const registry = createFileRegistry(file, () => undefined);
const transport = createConnectTransport({ baseUrl: process.argv[2], httpVersion: "1.1", useBinaryFormat: false });
const client = (name) => createClient(registry.getService(`talk.v1.${name}`), transport);
const users = client("UserService");
const conversations = client("ConversationService");
const messages = client("MessageService");

async function fails(call, code) {
  await assert.rejects(call, (error) => {
    const known = ConnectError.from(error);
    assert.equal(Code[known.code], Code[code], known.message);
    return true;
  });
}

const ann = await users.createUser({ email: "Ann@Example.org", name: "Ann" });
assert.equal(typeof ann.id, "bigint");
assert.equal(ann.email, "ann@example.org");
assert.equal((await users.getUser({ id: ann.id })).name, "Ann");
for (let i = 0; i < 3; ++i) await users.createUser({ email: `u${i}@x.y`, name: "u" });
let cursor = "", count = 0;
do {
  const page = await users.listUsers({ limit: 2, cursor });
  count += page.users.length;
  cursor = page.nextCursor;
} while (cursor);
assert.equal(count, 4);

const talk = await conversations.startConversation({ userId: ann.id, topic: "Food", firstMessage: "hi" });
assert.deepEqual(talk.messages.map((m) => m.role), ["system", "user"]);
const sent = await messages.sendMessages({ id: talk.id, messages: [{ role: "assistant", content: "€ 🙂" }] });
assert.equal(sent.messages[0].content, "€ 🙂");
assert.equal(sent.messages[0].conversationId, talk.id);
await conversations.endConversation({ id: talk.id });

await fails(messages.sendMessages({ id: talk.id, messages: [{ role: "user", content: "late" }] }), Code.FailedPrecondition);
await fails(users.getUser({ id: 999999n }), Code.NotFound);
await fails(users.getUser({ id: -1n }), Code.InvalidArgument);
await fails(users.createUser({ email: "ann@example.org", name: "B" }), Code.AlreadyExists);
await fails(users.noSuchProcedure({ id: 1n }), Code.Unimplemented);
await fails(client("NoSuchService").getUser({ id: 1n }), Code.Unimplemented);
console.log("all of Connect works");
