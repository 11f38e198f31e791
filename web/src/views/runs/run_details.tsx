import type { Run } from "../../lib/types";
import { Tabs } from "../../ui/tabs";
import { CheckpointList } from "./checkpoint_list";
import { Configuration } from "./configuration";
import { EventList } from "./event_list";
import { SampleList } from "./sample_list";
import { setInAddress } from "./use_feeds";
import css from "./run_page.module.css";

const kTabs = [
  { value: "samples", label: "Samples" },
  { value: "checkpoints", label: "Checkpoints" },
  { value: "events", label: "Events" },
  { value: "configuration", label: "Configuration" },
] as const;
type Tab = (typeof kTabs)[number]["value"];

/** What there is of a run besides its curves. */
export function RunDetails({
  id,
  run,
  address,
}: {
  id: string;
  run: Run | undefined;
  address: URLSearchParams;
}) {
  const tab: Tab = kTabs.find(({ value }) => value === address.get("tab"))?.value ?? "samples";
  return (
    <div className={css.details}>
      <Tabs
        label="More of the run"
        tabs={[...kTabs]}
        value={tab}
        onChange={(next) => setInAddress({ tab: next === "samples" ? undefined : next })}
      >
        {tab === "samples" && <SampleList id={id} />}
        {tab === "checkpoints" && <CheckpointList id={id} run={run} />}
        {tab === "events" && <EventList id={id} />}
        {tab === "configuration" && run && <Configuration run={run} />}
      </Tabs>
    </div>
  );
}
