import { PageHead } from "../../ui/layout";

export function RunsView() {
  return <PageHead title="Runs" />;
}
