import { describe, expect, it } from "vitest";
import { Shown } from "../src/lib/shown";

const key = (decision_seq: number, boot_epoch = 1) => ({ boot_epoch, decision_seq });

describe("Shown", () => {
  it("knows nothing before anything is shown", () => {
    expect(new Shown().at(1000)).toBeNull();
  });

  it("measures from the first picture of a decision, not from the last", () => {
    const shown = new Shown();
    shown.picture(key(7), 1000);
    shown.picture(key(7), 1200);
    shown.picture(key(7), 1400);
    expect(shown.at(1650)).toEqual({ ...key(7), client_delay_ms: 650 });
  });

  it("begins anew with the next decision, and with the same number of another boot", () => {
    const shown = new Shown();
    shown.picture(key(7), 1000);
    shown.picture(key(8), 1500);
    expect(shown.at(1600)).toEqual({ ...key(8), client_delay_ms: 100 });
    shown.picture(key(8, 2), 1700);
    expect(shown.at(1725)).toEqual({ ...key(8, 2), client_delay_ms: 25 });
  });

  it("a tap is about the picture, though the robot is further on", () => {
    const shown = new Shown();
    shown.picture(key(7), 1000);
    shown.step(key(9), 1100);
    expect(shown.at(1300)).toEqual({ ...key(7), client_delay_ms: 300 });
  });

  it("falls back to the step messages when pictures stop or never came", () => {
    const shown = new Shown();
    shown.step(key(3), 500);
    expect(shown.at(600)).toEqual({ ...key(3), client_delay_ms: 100 });
    shown.picture(key(4), 1000);
    shown.step(key(5), 3500);
    expect(shown.at(3600)).toEqual({ ...key(5), client_delay_ms: 100 });
  });

  it("never gives a negative or broken delay", () => {
    const shown = new Shown();
    shown.picture(key(1), 1000.4);
    expect(shown.at(1000.1)?.client_delay_ms).toBe(0);
    expect(shown.at(1010.9)?.client_delay_ms).toBe(11);
  });
});
