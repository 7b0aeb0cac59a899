import { useEffect, useRef, useState } from "preact/hooks";
import { signal } from "@preact/signals";
import { apiKey, enterKey, keyWanted } from "../model/api";
import { CrossIcon } from "./icons";

export const helpShown = signal(false);

const shortcuts: [string, string][] = [
    ["/", "search and filter"],
    ["j  k", "next, previous row"],
    ["Enter", "open the chosen row"],
    ["Esc", "back, or leave a field"],
    ["x", "clear the filters"],
    ["g a", "alerts"],
    ["g i", "insights"],
    ["g s", "silences"],
    ["n", "a new silence, on its page; of an alert, on the alert's"],
    ["g u", "publishing"],
    ["g p", "pool"],
    ["t", "light or dark"],
    ["?", "this page"],
];

function Keys({ text }: { text: string }) {
    return <>{text.split(/\s+/).map((key) => <kbd key={key}>{key}</kbd>)}</>;
}

export function Help() {
    const dialog = useRef<HTMLDialogElement>(null);
    const shown = helpShown.value;
    useEffect(() => {
        if (shown) dialog.current?.showModal();
        else dialog.current?.close();
    }, [shown]);
    const close = () => (helpShown.value = false);
    return (
        <dialog ref={dialog} class="dialog" aria-labelledby="help-title" onClose={close}
            onClick={(event) => event.target === dialog.current && close()}
            onKeyDown={(event) => event.key === "?" && close()}>
            <div class="dialog-head">
                <h2 id="help-title">Keyboard</h2>
                <button type="button" class="icon-button" aria-label="Close" onClick={close}><CrossIcon /></button>
            </div>
            <dl class="shortcuts">
                {shortcuts.map(([keys, what]) => (
                    <div key={keys}><dt><Keys text={keys} /></dt><dd>{what}</dd></div>
                ))}
            </dl>
            <p class="soft dialog-note">
                The search field takes the name of an alert and <code>label:value</code> pairs:{" "}
                <code>DiskFull instance:node-1</code>. Any other word is looked for in labels and annotations.
            </p>
        </dialog>
    );
}

/** Asks for a key when the service wants one. */
export function KeyEntry() {
    const dialog = useRef<HTMLDialogElement>(null);
    const [text, setText] = useState("");
    const shown = keyWanted.value;
    useEffect(() => {
        if (shown && !dialog.current?.open) dialog.current?.showModal();
        if (!shown) {
            dialog.current?.close();
            // The field would keep the keys of the page.
            if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
        }
    }, [shown]);
    const wrong = apiKey.value !== "";
    const submit = (event: Event) => {
        event.preventDefault();
        if (text.trim()) enterKey(text.trim());
        setText("");
    };
    return (
        <dialog ref={dialog} class="dialog" aria-labelledby="key-title" onCancel={(event) => event.preventDefault()}>
            <form onSubmit={submit}>
                <h2 id="key-title">This service asks for a key</h2>
                <p class={wrong ? "field-problem" : "soft"} role={wrong ? "alert" : undefined}>
                    {wrong ? "The service does not take this key." : "It is kept until you close this tab."}
                </p>
                <label class="field">
                    <span>API key</span>
                    <input type="password" autocomplete="off" spellcheck={false} value={text} autofocus
                        onInput={(event) => setText(event.currentTarget.value)} />
                </label>
                <div class="dialog-actions">
                    <button type="submit" class="button button-main" disabled={!text.trim()}>Continue</button>
                </div>
            </form>
        </dialog>
    );
}
