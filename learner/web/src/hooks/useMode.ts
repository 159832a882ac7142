import { useCallback, useState } from "react";
import { postAnswer, postMode } from "../lib/api";
import type { Mode } from "../lib/types";

export interface ModeActions {
  /** The mode that was asked for and that the robot does not show yet. */
  wanted: Mode | null;
  /** Why the last wish came to nothing. */
  error: string;
  set: (mode: Mode) => void;
  answer: (proposalId: number, approved: boolean) => void;
  /** The proposal that was answered last; the robot may still show it for a moment. */
  answered: number;
}

/** How the robot treats its policy's proposals, and a person's word on them. */
export function useMode(robotId: string | null): ModeActions {
  const [wanted, setWanted] = useState<Mode | null>(null);
  const [error, setError] = useState("");
  const [answered, setAnswered] = useState(0);

  const set = useCallback(
    (mode: Mode) => {
      if (robotId === null) return;
      setWanted(mode);
      setError("");
      postMode(robotId, mode)
        .then(({ confirmed }) => setError(confirmed ? "" : "the robot did not answer"))
        .catch((problem: Error) => setError(problem.message))
        .finally(() => setWanted(null));
    },
    [robotId],
  );

  const answer = useCallback(
    (proposalId: number, approved: boolean) => {
      if (robotId === null) return;
      setAnswered(proposalId);
      setError("");
      postAnswer(robotId, proposalId, approved).catch((problem: Error) => {
        setError(problem.message);
        // It still waits for an answer.
        setAnswered((last) => (last === proposalId ? 0 : last));
      });
    },
    [robotId],
  );

  return { wanted, error, set, answer, answered };
}
