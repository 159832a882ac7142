import { useMemo, useRef, useState } from "react";
import { Fate } from "./components/Fate";
import { Picture, type PictureHandle } from "./components/Picture";
import { Progress } from "./components/Progress";
import { RobotPicker } from "./components/RobotPicker";
import { StateHeader } from "./components/StateHeader";
import { StopBar } from "./components/StopBar";
import { TextFeedback } from "./components/TextFeedback";
import { Thumbs } from "./components/Thumbs";
import { useDefaultRobot } from "./hooks/useDefaultRobot";
import { useFeedback } from "./hooks/useFeedback";
import { useLive } from "./hooks/useLive";
import { useNow } from "./hooks/useNow";
import { useOnline } from "./hooks/useOnline";
import { useRobots } from "./hooks/useRobots";
import { useStop } from "./hooks/useStop";
import { clientId } from "./lib/clientId";
import { Shown } from "./lib/shown";
import { stateWords } from "./lib/stateWords";

/** The one page: what the robot does, how to tell it how it did, and how to stop it. */
export function App() {
  const robots = useRobots();
  const [chosen, setChosen] = useState<string | null>(null);
  const robotId = useDefaultRobot(robots, chosen);

  const sender = useMemo(
    () => (robotId === null ? null : { robot_id: robotId, client_id: clientId() }),
    [robotId],
  );
  const feedback = useFeedback(sender);

  // A new robot is a new picture: nothing shown of the last one may be judged.
  const shown = useMemo(() => (robotId === null ? null : new Shown()), [robotId]);
  const picture = useRef<PictureHandle>(null);
  const live = useLive(robotId, {
    onFrame: (frame) => picture.current?.put(frame),
    onStep: (step) => shown?.step(step, performance.now()),
    onFate: feedback.learnFate,
  });

  const now = useNow();
  const online = useOnline();
  const state = stateWords({
    online,
    link: live.link,
    robots,
    step: live.step,
    stepAgeMs: now - live.stepAtMs,
    nowMs: now,
  });
  const stop = useStop(robotId, live.step?.state === "STOPPED");
  const seen = () => shown?.at(performance.now()) ?? null;
  const canJudge = live.step !== null;

  return (
    <div className="page">
      <header className="top">
        <StateHeader state={state} />
        {robots !== null && robots.length > 1 && (
          <RobotPicker robots={robots} chosen={robotId} onChoose={setChosen} />
        )}
      </header>

      <main className="body">
        <Picture
          ref={picture}
          missing={live.noPicture}
          tool={live.step?.tool ?? ""}
          live={live.link.phase === "open"}
          onShown={(key) => shown?.picture(key, performance.now())}
        />
        <section className="panel" aria-label="Feedback">
          <Thumbs disabled={!canJudge} seen={seen} onTap={feedback.tap} />
          <TextFeedback disabled={!canJudge} seen={seen} onSay={feedback.say} />
          <Fate sent={feedback.sent} onUndo={feedback.undo} onRetry={feedback.retry} />
          <Progress summary={live.summary} onRobot={live.step?.policy_version ?? null} />
        </section>
      </main>

      <StopBar stop={stop} />
    </div>
  );
}
