import type {
  EmergencyStop,
  Fate,
  Heard,
  Mode,
  ModeAnswer,
  Robot,
  StopAnswer,
  TextSaved,
  VoiceInfo,
} from "./types";
import type { Remark } from "./remark";
import type { Seen } from "./shown";

const BASE = "/api/v1";
const TIMEOUT_MS = 8000;
/** Understanding speech takes a second or two; on a busy machine more. */
const VOICE_TIMEOUT_MS = 40_000;
/** A stop without an answer by then is told to be unconfirmed. */
export const STOP_TIMEOUT_MS = 3000;

/** An answer that is not a success, in words for a person. */
export class ApiError extends Error {}

/** Ask the API; problem details (RFC 9457) become readable errors. */
async function ask<T>(method: "GET" | "POST", path: string, body?: unknown, timeoutMs = TIMEOUT_MS): Promise<T> {
  return send<T>(
    method,
    path,
    body === undefined ? {} : { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } },
    timeoutMs,
  );
}

async function send<T>(method: string, path: string, more: RequestInit, timeoutMs: number): Promise<T> {
  let response: Response;
  try {
    response = await fetch(BASE + path, { method, signal: AbortSignal.timeout(timeoutMs), ...more });
  } catch (error) {
    const late = error instanceof DOMException && error.name === "TimeoutError";
    throw new ApiError(late ? "the learner did not answer in time" : "the learner cannot be reached");
  }
  if (!response.ok) throw new ApiError(await problem(response));
  return (await response.json()) as T;
}

async function problem(response: Response): Promise<string> {
  try {
    const { detail, title } = (await response.json()) as { detail?: string; title?: string };
    return detail ?? title ?? `the learner answered ${response.status}`;
  } catch {
    return `the learner answered ${response.status}`;
  }
}

export interface Sender {
  robot_id: string;
  client_id: string;
}

const id = encodeURIComponent;

export const getRobots = (): Promise<Robot[]> => ask("GET", "/robots");

export const getFate = (feedbackId: number): Promise<Fate> => ask("GET", `/feedback/${feedbackId}`);

export const postTap = (sender: Sender, seen: Seen, value: 1 | -1): Promise<{ id: number }> =>
  ask("POST", "/feedback/quick", { ...sender, ...seen, value });

export const postWords = (sender: Sender, seen: Seen, remark: Remark): Promise<TextSaved> =>
  ask("POST", "/feedback", { ...sender, ...seen, ...remark });

export const getVoice = (): Promise<VoiceInfo> => ask("GET", "/voice");

/** A stop word in it stops the robot before the answer comes. */
export const postVoice = (robotId: string, recording: Blob): Promise<Heard> =>
  send(
    "POST",
    `/voice?robot_id=${id(robotId)}`,
    { body: recording, headers: { "Content-Type": recording.type } },
    VOICE_TIMEOUT_MS,
  );

export const postUndo = (feedbackId: number): Promise<unknown> => ask("POST", `/feedback/${feedbackId}/undo`);

export const postStop = (robotId: string): Promise<StopAnswer> =>
  ask("POST", `/robots/${id(robotId)}/stop`, { reason: "pressed on the phone page" }, STOP_TIMEOUT_MS);

export const postStopAll = (): Promise<EmergencyStop> =>
  ask("POST", "/emergency_stop", { reason: "STOP ALL pressed on the phone page" }, STOP_TIMEOUT_MS);

export const postMode = (robotId: string, mode: Mode): Promise<ModeAnswer> =>
  ask("POST", `/robots/${id(robotId)}/mode`, { mode });

export const postAnswer = (robotId: string, proposalId: number, approved: boolean): Promise<unknown> =>
  ask("POST", `/robots/${id(robotId)}/proposals/${proposalId}`, { approved });

export function teleopUrl(robotId: string): string {
  return `${socketBase()}/robots/${id(robotId)}/teleop`;
}

export function liveUrl(robotId: string): string {
  return `${socketBase()}/live?robot_id=${id(robotId)}`;
}

function socketBase(): string {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  return `${scheme}://${location.host}${BASE}`;
}
