import { useState } from "react";
import { apiKey } from "../../lib/api";
import { Button, Choice, CopyButton } from "../../ui/controls";
import { Dialog } from "../../ui/layout";
import type { Body, Endpoint } from "./generate";
import { asCurl, asJavaScript, asPython } from "./request_code";
import css from "./playground.module.css";

const kLanguages = { curl: asCurl, python: asPython, javascript: asJavaScript };
type Language = keyof typeof kLanguages;

/** A button that shows the request as code. `body` is asked for when it is pressed. */
export function CodeButton({ endpoint, body }: { endpoint: Endpoint; body: () => Body }) {
  const [shown, setShown] = useState<Body>();
  const [language, setLanguage] = useState<Language>("curl");
  const code =
    shown &&
    kLanguages[language]({
      origin: window.location.origin,
      endpoint,
      body: shown,
      wantsKey: apiKey() !== "",
    });
  return (
    <>
      <Button data-testid="code-open" onClick={() => setShown(body())}>
        Code
      </Button>
      {code !== undefined && (
        <Dialog title="This request as code" onClose={() => setShown(undefined)}>
          <div className={css.codeHead}>
            <Choice
              label="Language"
              options={[
                { value: "curl", label: "curl" },
                { value: "python", label: "Python" },
                { value: "javascript", label: "JavaScript" },
              ]}
              value={language}
              onChange={setLanguage}
            />
            <CopyButton text={code}>Copy</CopyButton>
          </div>
          {/* It scrolls, so it must be reachable. */}
          {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
          <pre className={css.code} tabIndex={0} role="region" aria-label="Code" data-testid="code">
            {code}
          </pre>
          {apiKey() !== "" && (
            <p className="small muted">ALPHA_API_KEY stands for the key: set it where this runs.</p>
          )}
        </Dialog>
      )}
    </>
  );
}
