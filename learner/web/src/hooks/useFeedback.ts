import { useCallback, useEffect, useRef, useState } from "react";
import { getFate, postTap, postText, postUndo, type Sender } from "../lib/api";
import type { Sent } from "../lib/feedbackWords";
import type { Seen } from "../lib/shown";
import type { Fate } from "../lib/types";

export interface FeedbackActions {
  sent: Sent | null;
  tap: (seen: Seen, value: 1 | -1) => void;
  say: (seen: Seen, text: string) => void;
  undo: () => void;
  retry: () => void;
  /** News about any feedback; only that of the last one sent is kept. */
  learnFate: (fate: Fate) => void;
}

const POLL_MS = 2000;
const NEW: Omit<Sent, "label"> = {
  phase: "sending",
  id: null,
  abstained: false,
  fate: null,
  error: "",
};

type Post = () => Promise<{ id: number; abstained?: boolean }>;

/** Send feedback and follow what becomes of the last one. */
export function useFeedback(sender: Sender | null): FeedbackActions {
  const [sent, setSent] = useState<Sent | null>(null);
  const again = useRef<() => void>(() => undefined);
  const count = useRef(0);

  const send = useCallback((label: string, post: Post) => {
    const run = async () => {
      count.current += 1;
      const mine = count.current;
      setSent({ ...NEW, label });
      let news: Partial<Sent>;
      try {
        const saved = await post();
        news = { phase: "saved", id: saved.id, abstained: saved.abstained ?? false };
      } catch (error) {
        news = { phase: "failed", error: (error as Error).message };
      }
      if (count.current === mine) setSent((old) => (old === null ? old : { ...old, ...news }));
    };
    again.current = () => void run();
    void run();
  }, []);

  const tap = useCallback(
    (seen: Seen, value: 1 | -1) => {
      if (sender !== null) send(value === 1 ? "Good:" : "Not good:", () => postTap(sender, seen, value));
    },
    [sender, send],
  );

  const say = useCallback(
    (seen: Seen, text: string) => {
      if (sender !== null) send(`“${text}”`, () => postText(sender, seen, text));
    },
    [sender, send],
  );

  const undo = useCallback(() => {
    const id = sent?.id;
    if (id === null || id === undefined) return;
    postUndo(id).then(
      () => setSent((old) => (old?.id === id ? { ...old, phase: "undone" } : old)),
      (error: Error) => setSent((old) => (old?.id === id ? { ...old, error: error.message } : old)),
    );
  }, [sent?.id]);

  const learnFate = useCallback((fate: Fate) => {
    setSent((old) => (old?.id === fate.id ? { ...old, fate } : old));
  }, []);

  // The live channel tells what becomes of it; asking as well covers a channel that was down at that moment.
  const done = sent?.fate != null && (sent.fate.policy_version !== null || (sent.fate.credited !== false && sent.fate.changed_steps === 0));
  const open = sent?.phase === "saved" && !sent.abstained && !done;
  const id = sent?.id ?? null;
  useEffect(() => {
    if (!open || id === null) return;
    const timer = setInterval(() => void getFate(id).then(learnFate, () => undefined), POLL_MS);
    return () => clearInterval(timer);
  }, [open, id, learnFate]);

  return { sent, tap, say, undo, retry: () => again.current(), learnFate };
}
