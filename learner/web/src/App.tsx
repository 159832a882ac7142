import { useEffect, useMemo, useRef, useState } from "react";
import { Control } from "./components/Control";
import { Fate } from "./components/Fate";
import { Notices } from "./components/Notices";
import { Picture, type PictureHandle } from "./components/Picture";
import { Progress } from "./components/Progress";
import { Proposal } from "./components/Proposal";
import { RobotPicker } from "./components/RobotPicker";
import { StateHeader } from "./components/StateHeader";
import { StopBar } from "./components/StopBar";
import { Thumbs } from "./components/Thumbs";
import { Words } from "./components/Words";
import { useDefaultRobot } from "./hooks/useDefaultRobot";
import { useFeedback } from "./hooks/useFeedback";
import { useHand } from "./hooks/useHand";
import { useLive } from "./hooks/useLive";
import { useMode } from "./hooks/useMode";
import { useNow } from "./hooks/useNow";
import { useOnline } from "./hooks/useOnline";
import { useRobots } from "./hooks/useRobots";
import { useStop } from "./hooks/useStop";
import { useVoice } from "./hooks/useVoice";
import { clientId } from "./lib/clientId";
import { notices } from "./lib/notices";
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
  const [stopped, setStopped] = useState(false);
  const stop = useStop(robotId, stopped);
  const feedback = useFeedback(sender, stop.told);
  const voice = useVoice(robotId, stop.told);

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
  const isStopped = live.step?.state === "STOPPED";
  useEffect(() => setStopped(isStopped), [isStopped]);
  const hand = useHand(robotId);
  const mode = useMode(robotId);
  const robot = live.summary?.robots.find((row) => row.robot_id === robotId);
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
          said={live.step?.said ?? ""}
          live={live.link.phase === "open"}
          onShown={(key) => shown?.picture(key, performance.now())}
        />
        <section className="panel" aria-label="Feedback">
          {live.step !== null && <Proposal step={live.step} mode={mode} />}
          <Thumbs disabled={!canJudge} seen={seen} onTap={feedback.tap} />
          <Words disabled={!canJudge} seen={seen} voice={voice} onSay={feedback.say} />
          <Fate sent={feedback.sent} onUndo={feedback.undo} onRetry={feedback.retry} />
          <Notices notices={notices(live.summary, robotId)} />
          <Progress
            summary={live.summary}
            onRobot={live.step?.policy_version ?? null}
            locked={robot?.locked ?? {}}
          />
        </section>
        <Control step={live.step} hand={hand} mode={mode} />
      </main>

      <StopBar stop={stop} />
    </div>
  );
}
