import { PageHead } from "../../ui/layout";

export function SystemView() {
  return <PageHead title="System" />;
}
