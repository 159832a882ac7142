import { useCallback, useEffect, useRef, useState } from "react";
import { getFate, postTap, postUndo, postWords, type Sender } from "../lib/api";
import type { Sent } from "../lib/feedbackWords";
import type { Seen } from "../lib/shown";
import type { Fate, StopAnswer, TextSaved } from "../lib/types";
import { quoted, type Remark } from "../lib/remark";

export interface FeedbackActions {
  sent: Sent | null;
  tap: (seen: Seen, value: 1 | -1) => void;
  say: (seen: Seen, remark: Remark) => void;
  undo: () => void;
  retry: () => void;
  /** News about any feedback; only that of the last one sent is kept. */
  learnFate: (fate: Fate) => void;
}

const POLL_MS = 2000;
const NEW: Omit<Sent, "label"> = {
  phase: "sending",
  id: null,
  pending: false,
  fate: null,
  error: "",
};

/** A stop word: the robot has been asked, and nothing more comes of it. */
const STOP = (id: number): Fate => ({
  id,
  changed_steps: 0,
  taste_version: null,
  policy_version: null,
  score_kind: "stop",
  abstained: true,
});

/** Nothing more can come of it. */
function settled(fate: Fate | null): boolean {
  if (fate === null || fate.pending === true) return false;
  return fate.abstained === true || fate.policy_version !== null || (fate.credited !== false && fate.changed_steps === 0);
}

type Post = () => Promise<{ id: number } & Partial<TextSaved>>;

/** Send feedback and follow what becomes of the last one; `onStop`: a stop word was in it. */
export function useFeedback(sender: Sender | null, onStop: (answer: StopAnswer) => void): FeedbackActions {
  const [sent, setSent] = useState<Sent | null>(null);
  const again = useRef<() => void>(() => undefined);
  const count = useRef(0);
  const stopped = useRef(onStop);
  useEffect(() => {
    stopped.current = onStop;
  });

  const send = useCallback((label: string, post: Post) => {
    const run = async () => {
      count.current += 1;
      const mine = count.current;
      setSent({ ...NEW, label });
      let news: Partial<Sent>;
      try {
        const saved = await post();
        news = { phase: "saved", id: saved.id, pending: saved.pending ?? false };
        if (saved.stop) {
          stopped.current(saved.stop);
          news.fate = STOP(saved.id);
        }
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
    (seen: Seen, remark: Remark) => {
      if (sender !== null) send(quoted(remark), () => postWords(sender, seen, remark));
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
  const open = sent?.phase === "saved" && !settled(sent.fate);
  const id = sent?.id ?? null;
  useEffect(() => {
    if (!open || id === null) return;
    const timer = setInterval(() => void getFate(id).then(learnFate, () => undefined), POLL_MS);
    return () => clearInterval(timer);
  }, [open, id, learnFate]);

  return { sent, tap, say, undo, retry: () => again.current(), learnFate };
}
