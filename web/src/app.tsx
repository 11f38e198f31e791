import { useEffect, useMemo, useRef, useState, type ComponentType } from "react";
import { apiKey, setApiKey, useNeedsKey } from "./lib/api";
import { href, parseRoute, useHash, type Route } from "./lib/route";
import { setTheme, useTheme, type Theme } from "./lib/theme";
import { Button, TextField } from "./ui/controls";
import { ErrorBoundary } from "./ui/error_boundary";
import {
  ChatIcon,
  CompleteIcon,
  KeyIcon,
  ModelsIcon,
  RunsIcon,
  SystemIcon,
  ThemeIcon,
  TokensIcon,
} from "./ui/icons";
import { Dialog, Empty } from "./ui/layout";
import { ChatView } from "./views/chat/chat_view";
import { CompleteView } from "./views/complete/complete_view";
import { ModelsView } from "./views/models/models_view";
import { RunsView } from "./views/runs/runs_view";
import { SystemView } from "./views/system/system_view";
import { TokensView } from "./views/tokens/tokens_view";
import css from "./app.module.css";

export interface ViewProps {
  route: Route; // parts[0] is the view's own name
}

const kViews: {
  name: string;
  title: string;
  Icon: ComponentType<{ size?: number }>;
  View: ComponentType<ViewProps>;
}[] = [
  { name: "runs", title: "Runs", Icon: RunsIcon, View: RunsView },
  { name: "chat", title: "Chat", Icon: ChatIcon, View: ChatView },
  { name: "complete", title: "Complete", Icon: CompleteIcon, View: CompleteView },
  { name: "tokens", title: "Tokens", Icon: TokensIcon, View: TokensView },
  { name: "models", title: "Models", Icon: ModelsIcon, View: ModelsView },
  { name: "system", title: "System", Icon: SystemIcon, View: SystemView },
];

const kNextTheme: Record<Theme, Theme> = { system: "light", light: "dark", dark: "system" };

export function App() {
  const hash = useHash();
  const route = useMemo(() => parseRoute(hash), [hash]);
  const name = route.parts[0] ?? "runs";
  const current = kViews.find((view) => view.name === name);
  const main = useRef<HTMLElement>(null);

  // Whoever goes elsewhere by keyboard or ear begins at the top of what is new.
  const seen = useRef(route.parts.join("/"));
  useEffect(() => {
    const place = route.parts.join("/");
    if (seen.current === place) return;
    seen.current = place;
    window.scrollTo(0, 0);
    main.current?.focus({ preventScroll: true });
  }, [route]);

  return (
    <div className={css.frame}>
      <header className={css.side}>
        <a
          className={css.skip}
          href={hash || "#/runs"}
          onClick={(event) => {
            event.preventDefault();
            main.current?.focus();
          }}
        >
          Skip to content
        </a>
        <a className={css.brand} href={href(["runs"])}>
          <img src="/favicon.svg" alt="" width={26} height={26} />
          <span>Alpha</span>
        </a>
        <nav aria-label="Views" className={css.nav}>
          {kViews.map(({ name: view, title, Icon }) => (
            <a key={view} href={href([view])} aria-current={view === name ? "page" : undefined}>
              <Icon size={20} />
              <span>{title}</span>
            </a>
          ))}
        </nav>
        <div className={css.tools}>
          <ThemeButton />
          <KeyButton />
        </div>
      </header>
      <main ref={main} className={css.main} tabIndex={-1} data-view={name}>
        <ErrorBoundary key={route.parts.join("/")}>
          {current ? (
            <current.View route={route} />
          ) : (
            <Empty title="There is nothing here">
              <p>
                The address names no view. <a href={href(["runs"])}>See the runs</a>.
              </p>
            </Empty>
          )}
        </ErrorBoundary>
      </main>
    </div>
  );
}

function ThemeButton() {
  const theme = useTheme();
  return (
    <Button
      look="quiet"
      isIcon
      label={`Theme: ${theme}. Change to ${kNextTheme[theme]}`}
      onClick={() => setTheme(kNextTheme[theme])}
    >
      <ThemeIcon />
    </Button>
  );
}

/** Asks for the API key when the server does. */
function KeyButton() {
  const needsKey = useNeedsKey();
  const [isOpen, setOpen] = useState(false);
  const [key, setKey] = useState(apiKey);
  useEffect(() => {
    if (needsKey) setOpen(true);
  }, [needsKey]);
  if (!needsKey && !apiKey() && !isOpen) return null;
  return (
    <>
      <Button look="quiet" isIcon label="API key" onClick={() => setOpen(true)}>
        <KeyIcon />
      </Button>
      {isOpen && (
        <Dialog title="API key" onClose={() => setOpen(false)}>
          <form
            className={css.key}
            onSubmit={(event) => {
              event.preventDefault();
              setApiKey(key.trim());
              window.location.reload(); // all that was refused is asked for again
            }}
          >
            <p>
              {needsKey && apiKey()
                ? "The server does not know this key."
                : "This server wants a key."}{" "}
              It is kept in this browser.
            </p>
            <TextField
              label="Key"
              type="password"
              autoComplete="current-password"
              value={key}
              onChange={(event) => setKey(event.target.value)}
            />
            <Button type="submit" look="primary">
              Use this key
            </Button>
          </form>
        </Dialog>
      )}
    </>
  );
}
