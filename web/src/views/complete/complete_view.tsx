import { PageHead } from "../../ui/layout";

export function CompleteView() {
  return <PageHead title="Complete" />;
}
