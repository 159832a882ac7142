import { describe, expect, it } from "vitest";
import { feedbackWords, reading, stations, type Sent } from "../src/lib/feedbackWords";
import { quoted } from "../src/lib/remark";
import { duration, sentence, stateWords, type Situation } from "../src/lib/stateWords";
import { stoppedAll, stopWords } from "../src/lib/stopWords";
import type { LiveStep } from "../src/lib/types";

const saved: Sent = {
  label: "Good:",
  phase: "saved",
  id: 1,
  pending: false,
  fate: null,
  error: "",
};
const fate = (changed_steps: number, taste_version: number | null = null, policy_version: number | null = null) => ({
  ...saved,
  fate: { id: 1, changed_steps, taste_version, policy_version },
});

describe("feedbackWords", () => {
  it.each<[Sent, string, number]>([
    [{ ...saved, phase: "sending", id: null }, "Sending…", 0],
    [{ ...saved, phase: "failed", error: "the learner cannot be reached" }, "Not saved: the learner cannot be reached.", 0],
    [{ ...saved, phase: "undone" }, "Undone. It no longer counts.", 0],
    [saved, "Saved. Finding the moves it is about…", 1],
    [{ ...fate(0), fate: { ...fate(0).fate, credited: false } }, "Saved. Finding the moves it is about…", 1],
    [fate(0), "Saved, but there was no move that it could be about.", 1],
    [fate(1), "Counted for 1 step. Learning from it…", 2],
    [fate(4, 3), "Counted for 4 steps; taste model v3. Next policy soon…", 3],
    [fate(4, 3, 12), "Counted for 4 steps; taste model v3; in policy v12.", 4],
    [{ ...saved, pending: true }, "Saved. Reading it…", 1],
    [{ ...fate(0), fate: { ...fate(0).fate, pending: true } }, "Saved. Reading it…", 1],
    [{ ...fate(0), fate: { ...fate(0).fate, abstained: true, reason: "it is a question" } }, "Saved, but it changes nothing: it is a question.", 1],
    [{ ...fate(0), fate: { ...fate(0).fate, abstained: true, score_kind: "stop" } }, "Taken as a stop, not as a judgement.", 1],
    [{ ...saved, pending: true, fate: { ...fate(2).fate, pending: false } }, "Counted for 2 steps. Learning from it…", 2],
  ])("%#: tells how far it has come", (sent, words, reached) => {
    expect(feedbackWords(sent)).toBe(words);
    expect(stations(sent)).toBe(reached);
  });
});

describe("reading", () => {
  const read = (score: number | null, score_low: number | null, score_high: number | null) =>
    reading({ ...fate(0).fate, score, score_low, score_high })?.words ?? null;

  it("says how words were read, and how sure that is", () => {
    expect(read(0.72, 0.5, 0.94)).toBe("Read as praise: +0.7 (+0.5 to +0.9)");
    expect(read(-0.5, -1, -0.04)).toBe("Read as blame: −0.5 (−1.0 to 0)");
    expect(read(0.1, -0.3, 0.5)).toBe("Read as neither praise nor blame: +0.1 (−0.3 to +0.5)");
  });

  it("is silent where nothing was read: a wait, no reward, a tap or a rating", () => {
    expect(reading(null)).toBeNull();
    expect(read(null, null, null)).toBeNull();
    expect(read(1, 1, 1)).toBeNull();
  });
});

describe("quoted", () => {
  it("quotes words, rating or both", () => {
    expect(quoted({ text: "nice", rating: null, source: "live" })).toBe("“nice”");
    expect(quoted({ text: "", rating: 4, source: "live" })).toBe("4 of 5:");
    expect(quoted({ text: "nice", rating: 4, source: "voice" })).toBe("“nice”, 4 of 5:");
  });
});

const step: LiveStep = {
  type: "step",
  robot_id: "mini-1",
  state: "ACTIVE",
  episode_id: "e",
  episode_step: 2,
  boot_epoch: 1,
  decision_seq: 9,
  tool: "nod",
  said: "",
  instruction: "look at the duck",
  policy_version: 3,
  spooled: 0,
  lost: 0,
  time_unix_s: 0,
  fault: "",
  stop_source: "",
  mode: "autonomous",
  teleop: false,
  proposal_id: 0,
  proposal_tool: "",
  proposal_left_s: 0,
  limits_profile: 1,
};
const robot = { robot_id: "mini-1", body: "mujoco", state: "ACTIVE", last_seen_unix_s: 0, connected: true };
const acting: Situation = {
  online: true,
  link: { phase: "open" },
  robots: [robot],
  step,
  stepAgeMs: 100,
  nowMs: 10_000,
};

describe("stateWords", () => {
  it.each<[string, Situation, string, string]>([
    ["acting", acting, "Acting", "Look at the duck"],
    ["between episodes", { ...acting, step: { ...step, episode_id: "" } }, "Learning", "waits for its next task"],
    ["stopped", { ...acting, step: { ...step, state: "STOPPED" } }, "Stopped", "at the robot"],
    ["stopped by somebody", { ...acting, step: { ...step, state: "STOPPED", stop_source: "button" } }, "Stopped", "By the robot’s button. Release"],
    ["a fault", { ...acting, step: { ...step, state: "FAULT", fault: "tracking: joint 2" } }, "Fault", "Tracking: joint 2"],
    ["in a hand", { ...acting, step: { ...step, teleop: true } }, "By hand", "A person"],
    ["a state it does not know", { ...acting, step: { ...step, state: "NEW_ONE" } }, "New one", ""],
    ["robot silent", { ...acting, stepAgeMs: 42_000 }, "Offline", "No word from the robot for 42 s"],
    ["robot never heard", { ...acting, step: null }, "Waiting", "not reported"],
    ["no robot", { ...acting, robots: [], step: null }, "Waiting", "No robot"],
    ["learner away", { ...acting, link: { phase: "waiting", attempt: 2, retryAtMs: 13_200 } }, "Connecting", "next try in 4 s"],
    ["try overdue", { ...acting, link: { phase: "waiting", attempt: 2, retryAtMs: 9_000 } }, "Connecting", "next try in 1 s"],
    ["no network", { ...acting, online: false }, "Offline", "no network"],
  ])("%s", (_, situation, word, detail) => {
    const words = stateWords(situation);
    expect(words.word).toBe(word);
    expect(words.detail).toContain(detail);
  });

  it("an old ACTIVE is never shown as acting", () => {
    expect(stateWords({ ...acting, stepAgeMs: 3001 }).word).not.toBe("Acting");
  });
});

const said = (robot_id: string, confirmed: boolean) => ({ robot_id, request_id: "", confirmed, latched_ms: null });

describe("small words", () => {
  it("durations", () => {
    expect([duration(12_400), duration(180_000), duration(7_300_000)]).toEqual(["12 s", "3 min", "2 h"]);
  });
  it("sentences", () => {
    expect([sentence("look_left"), sentence(""), sentence(" nod ")]).toEqual(["Look left", "", "Nod"]);
  });
  it("a stop says when nothing was confirmed", () => {
    expect(stopWords({ phase: "idle" })).toBe("");
    expect(stopWords({ phase: "asked", all: false })).toContain("Asked");
    expect(stopWords(stoppedAll({ all_confirmed: true, robots: [said("a", true), said("b", true)] }, 12.2))).toBe("All 2 robots confirmed in 12 ms");
    expect(stopWords(stoppedAll({ all_confirmed: false, robots: [said("a", true), said("b", false)] }, 12))).toContain("b did not answer");
    expect(stopWords(stoppedAll({ all_confirmed: false, robots: [] }, 12))).toContain("no robot");
    expect(stopWords({ phase: "confirmed", ms: 41.6 })).toBe("Robot confirmed in 42 ms");
    expect(stopWords({ phase: "unconfirmed", reason: "the robot did not answer" })).toContain("Press the robot’s own stop");
  });
});
