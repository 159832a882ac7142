import { useRef, useState, type FormEvent } from "react";
import type { Seen } from "../lib/shown";

interface Props {
  disabled: boolean;
  seen: () => Seen | null;
  onSay: (seen: Seen, text: string) => void;
}

const LONGEST = 500;

/** A few words about what the robot did. */
export function TextFeedback({ disabled, seen, onSay }: Props) {
  const [text, setText] = useState("");
  // Typing takes seconds: a sentence is about what was on the screen when its first letter was typed.
  const about = useRef<Seen | null>(null);

  const type = (value: string) => {
    if (value === "") about.current = null;
    else about.current ??= seen();
    setText(value);
  };
  const send = (event: FormEvent) => {
    event.preventDefault();
    const words = text.trim();
    if (words === "" || about.current === null) return;
    onSay(about.current, words);
    type("");
  };

  return (
    <form className="say" onSubmit={send}>
      <label className="visually-hidden" htmlFor="say">
        Tell the robot how it did
      </label>
      <input
        id="say"
        value={text}
        maxLength={LONGEST}
        placeholder="Tell it how it did…"
        autoComplete="off"
        enterKeyHint="send"
        onChange={(event) => type(event.target.value)}
      />
      <button type="submit" disabled={disabled || text.trim() === ""}>
        Send
      </button>
    </form>
  );
}
