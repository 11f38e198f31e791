import { PageHead } from "../../ui/layout";

export function ModelsView() {
  return <PageHead title="Models" />;
}
