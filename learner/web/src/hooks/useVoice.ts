import { useCallback, useEffect, useRef, useState } from "react";
import { getVoice, postVoice } from "../lib/api";
import { cannotRecord, microphoneTrouble, record, type Recording } from "../lib/recorder";
import type { Heard, StopAnswer, VoiceInfo } from "../lib/types";

export type VoicePhase = "idle" | "listening" | "understanding";

export interface VoiceActions {
  /** Null: not known yet. Otherwise why there is no button; empty if there is one. */
  unavailable: string | null;
  phase: VoicePhase;
  /** What was understood, until it is sent or thrown away. */
  heard: Heard | null;
  error: string;
  start: () => void;
  finish: () => void;
  forget: () => void;
}

/** Push to talk. `onStop`: a stop word was heard, and the robot has been asked. */
export function useVoice(robotId: string | null, onStop: (answer: StopAnswer) => void): VoiceActions {
  const [info, setInfo] = useState<VoiceInfo | null>(null);
  const [phase, setPhase] = useState<VoicePhase>("idle");
  const [heard, setHeard] = useState<Heard | null>(null);
  const [error, setError] = useState("");
  // The microphone opens some time after the finger is down; it may be up again by then.
  const recording = useRef<Promise<Recording> | null>(null);
  const stopped = useRef(onStop);
  useEffect(() => {
    stopped.current = onStop;
  });

  const blocked = cannotRecord();
  useEffect(() => {
    if (blocked !== "") return;
    getVoice().then(setInfo, () => undefined); // while the learner is away nothing works anyway
  }, [blocked]);

  const finish = useCallback(() => {
    const running = recording.current;
    if (running === null || robotId === null) return;
    recording.current = null;
    setPhase("understanding");
    void (async () => {
      try {
        const found = await postVoice(robotId, await (await running).stop());
        if (found.stop !== null) stopped.current(found.stop);
        else if (found.text === "") setError("Nothing was heard. Hold the button while you speak.");
        else setHeard(found);
      } catch (problem) {
        setError(`Not understood: ${microphoneTrouble(problem)}.`);
      }
      setPhase("idle");
    })();
  }, [robotId]);

  const start = useCallback(() => {
    if (recording.current !== null) return;
    setHeard(null);
    setError("");
    setPhase("listening");
    recording.current = record();
    recording.current.catch((problem: unknown) => {
      recording.current = null;
      setPhase("idle");
      setError(`Not heard: ${microphoneTrouble(problem)}.`);
    });
  }, []);

  const longestS = info?.max_s ?? 0;
  useEffect(() => {
    if (phase !== "listening" || longestS === 0) return;
    const timer = setTimeout(finish, (longestS - 1) * 1000);
    return () => clearTimeout(timer);
  }, [phase, longestS, finish]);

  const forget = useCallback(() => setHeard(null), []);
  const unavailable = blocked !== "" ? blocked : info === null ? null : info.available ? "" : info.reason;
  return { unavailable, phase, heard, error, start, finish, forget };
}
