#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

/// Between our JSON and that of Protocol Buffers: names in lowerCamelCase, 64-bit numbers as text, no nulls.
/// Source: protobuf.dev, ProtoJSON format.
namespace tusk::talk {

/// Keys (`id`, `…_id`) are the 64-bit numbers.
boost::json::value to_proto_json(const boost::json::value& ours);
/// Names in snake_case stay: parsers of ProtoJSON take both.
boost::json::object from_proto_json(const boost::json::object& theirs);

} // namespace tusk::talk
