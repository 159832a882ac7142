import { describe, expect, it } from "vitest";
import { padWords } from "../src/components/Pad";
import { notices } from "../src/lib/notices";
import { parseSummary } from "../src/lib/summary";
import { moveTo } from "../src/lib/teleop";

describe("moveTo", () => {
  it("turns right and up with the finger, and stops at the pad's edge", () => {
    expect(moveTo({ x: 0, y: 0 }, 7)).toEqual({ sent_ms: 7, head_rpy: [0, -0, -0] });
    const [roll, pitch, yaw] = moveTo({ x: 1, y: 1 }, 0).head_rpy;
    expect(roll).toBe(0);
    expect(pitch).toBeLessThan(0);
    expect(yaw).toBeLessThan(0);
    expect(moveTo({ x: 9, y: -9 }, 0)).toEqual(moveTo({ x: 1, y: -1 }, 0));
  });
});

describe("padWords", () => {
  it.each<[Parameters<typeof padWords>, string]>([
    [[false, true, true, ""], "You have it"],
    [[false, true, false, ""], "Asking"],
    [[true, false, false, ""], "moves for nobody"],
    [[false, false, true, ""], "Somebody else"],
    [[false, false, false, "the robot is STOPPED and moves for nobody"], "STOPPED"],
    [[false, false, false, ""], "Hold and drag"],
  ])("%#", (state, words) => {
    expect(padWords(...state)).toContain(words);
  });
});

const robot = (more: object) => ({ robot_id: "r", policy_event: null, limits_profile: 1, tasks: [], ...more });
const told = (raw: object) => notices(parseSummary({ time_unix_s: 1000, ...raw }), "r").map((notice) => notice.text);

describe("notices", () => {
  it("says nothing while all is well, or nothing is known", () => {
    expect(notices(null, "r")).toEqual([]);
    expect(told({})).toEqual([]);
    expect(told({ robots: [robot({ policy_event: { version: 3, status: "good", reason: "" } })] })).toEqual([]);
  });
  it("tells what became of policies, and why", () => {
    const event = (status: string) => ({ robots: [robot({ policy_event: { version: 12, status, reason: "saturation" } })] });
    expect(told(event("rolled_back"))).toEqual(["Policy v12 was rolled back: saturation"]);
    expect(told(event("rejected"))[0]).toContain("refused by the robot: saturation");
    expect(told(event("trial"))[0]).toContain("on trial");
    expect(told({ policy: { refused: { version: 13, reason: "too wild" } } })[0]).toContain("v13 did not pass the simulation: too wild");
  });
  it("tells of this robot's fresh anomalies and its tight limits", () => {
    const newest = { id: 1, robot_id: "r", kind: "frozen", detail: "joint 2", received_unix_s: 900 };
    expect(told({ anomalies: { newest } })).toEqual(["Flagged for review (frozen: joint 2)"]);
    expect(told({ anomalies: { newest: { ...newest, robot_id: "other" } } })).toEqual([]);
    expect(told({ anomalies: { newest: { ...newest, received_unix_s: 100 } } })).toEqual([]);
    expect(told({ robots: [robot({ limits_profile: 0.6 })] })[0]).toContain("60 %");
  });
});

describe("locked tasks", () => {
  it("are those that are not open, with what opens them", () => {
    const tasks = [
      { task: "nod", open: true, after: "" },
      { task: "look", open: false, after: "nod" },
    ];
    expect(parseSummary({ robots: [robot({ tasks })] }).robots[0]?.locked).toEqual({ look: "nod" });
  });
});
