import { PageHead } from "../../ui/layout";

export function ChatView() {
  return <PageHead title="Chat" />;
}
