import { useRef, useState, type FormEvent } from "react";
import type { VoiceActions } from "../hooks/useVoice";
import type { Remark } from "../lib/remark";
import type { Seen } from "../lib/shown";
import { HeardCard } from "./HeardCard";
import { MicButton } from "./MicButton";
import { Stars } from "./Stars";

interface Props {
  disabled: boolean;
  seen: () => Seen | null;
  voice: VoiceActions;
  onSay: (seen: Seen, remark: Remark) => void;
}

const LONGEST = 500;
const NOTHING: Remark = { text: "", rating: null, source: "live" };

/** A rating, a few words, or both; typed or spoken. */
export function Words({ disabled, seen, voice, onSay }: Props) {
  const [remark, setRemark] = useState<Remark>(NOTHING);
  const input = useRef<HTMLInputElement>(null);
  // Typing takes seconds: it is about what was on the screen when the first letter was typed, the star was
  // touched, or the button to talk went down.
  const about = useRef<Seen | null>(null);
  const empty = remark.text.trim() === "" && remark.rating === null;

  const change = (news: Partial<Remark>) => {
    const next = { ...remark, ...news };
    if (next.text === "" && next.rating === null) {
      about.current = null;
      next.source = "live";
    } else if (about.current === null || (remark.text === "" && remark.rating === null && next.source === "live")) {
      about.current = seen();
    }
    setRemark(next);
  };
  const send = (what: Remark) => {
    const text = what.text.trim();
    if (about.current === null || (text === "" && what.rating === null)) return;
    onSay(about.current, { ...what, text });
    about.current = null;
    setRemark(NOTHING);
    voice.forget();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    send(remark);
  };
  const heard = voice.heard;
  const spoken = (): Partial<Remark> => ({ text: heard?.text ?? "", source: "voice" });

  return (
    <div className="words">
      <form className="say" onSubmit={submit}>
        <Stars rating={remark.rating} disabled={disabled} onRate={(rating) => change({ rating })} />
        <label className="visually-hidden" htmlFor="say">
          Tell the robot how it did
        </label>
        <input
          id="say"
          ref={input}
          value={remark.text}
          maxLength={LONGEST}
          placeholder="Tell it how it did…"
          autoComplete="off"
          enterKeyHint="send"
          onChange={(event) => change({ text: event.target.value })}
        />
        {voice.unavailable === "" && (
          <MicButton
            phase={voice.phase}
            disabled={disabled}
            onStart={() => {
              about.current = seen();
              voice.start();
            }}
            onFinish={voice.finish}
          />
        )}
        <button type="submit" className="send" disabled={disabled || empty || heard !== null}>
          Send
        </button>
      </form>
      <p className="voice-words" role="status">
        {voice.phase === "listening" && "Listening. Let go when done."}
        {voice.phase === "understanding" && "Understanding…"}
        {voice.phase === "idle" && voice.error}
      </p>
      {heard !== null && (
        <HeardCard
          heard={heard}
          onSend={() => send({ ...remark, ...spoken() } as Remark)}
          onEdit={() => {
            change(spoken());
            voice.forget();
            input.current?.focus();
          }}
          onDiscard={voice.forget}
        />
      )}
      {voice.unavailable !== null && voice.unavailable !== "" && (
        <p className="hint">No talking from here: {voice.unavailable}.</p>
      )}
    </div>
  );
}
