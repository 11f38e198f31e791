import { PageHead } from "../../ui/layout";

export function TokensView() {
  return <PageHead title="Tokens" />;
}
