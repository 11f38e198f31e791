import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import {
  asCurl,
  asJavaScript,
  asPython,
  pythonValue,
  shellQuote,
  type CodeRequest,
} from "./request_code";

const kNasty = 'it\'s "quoted" $HOME `id` \\n \n é 🙂 !x %s';
const request = (more: Partial<CodeRequest> = {}): CodeRequest => ({
  origin: "http://127.0.0.1:8080",
  endpoint: "/v1/chat/completions",
  body: {
    model: "bard",
    messages: [{ role: "user", content: kNasty }],
    top_k: 5,
    temperature: 0.5,
  },
  wantsKey: false,
  ...more,
});

/** What a shell makes of the command: the arguments that curl would get. */
function argumentsOf(command: string): string[] {
  const script = `curl() { printf '%s\\0' "$@"; }\n${command}`;
  return execFileSync("/bin/sh", ["-c", script], { encoding: "utf8" }).split("\0").slice(0, -1);
}

describe("curl", () => {
  it("survives a shell, whatever is in the text", () => {
    const asked = request();
    const given = argumentsOf(asCurl(asked));
    expect(given[0]).toBe("http://127.0.0.1:8080/v1/chat/completions");
    expect(JSON.parse(given[given.indexOf("-d") + 1] ?? "")).toEqual(asked.body);
  });
  it("quotes quotes", () => expect(shellQuote("it's")).toBe("'it'\\''s'"));
  it("has a variable for the key, and no header without one", () => {
    expect(asCurl(request({ wantsKey: true }))).toContain('"Authorization: Bearer $ALPHA_API_KEY"');
    expect(asCurl(request())).not.toContain("Authorization");
  });
});

describe("Python", () => {
  it("puts what OpenAI's package does not know into extra_body", () => {
    const code = asPython(request());
    expect(code).toContain("    temperature=0.5,\n");
    expect(code).toContain('    extra_body={\n        "top_k": 5,\n    },\n');
    expect(code).toContain('base_url="http://127.0.0.1:8080/v1"');
    expect(code).toContain("answer.choices[0].message.content");
  });
  it("has Python's names of nothing, yes and no", () => {
    expect(pythonValue([null, true, false, 1.5, {}])).toBe(
      "[\n    None,\n    True,\n    False,\n    1.5,\n    {},\n]",
    );
  });
  it("reads the key from the environment", () => {
    expect(asPython(request({ wantsKey: true }))).toContain('api_key=os.environ["ALPHA_API_KEY"]');
  });
  it("has response_format of a completion beside, for its package has none", () => {
    const code = asPython(
      request({
        endpoint: "/v1/completions",
        body: { prompt: "a", response_format: { type: "json_object" } },
      }),
    );
    expect(code).toMatch(/extra_body=\{\s+"response_format"/);
    expect(code).toContain("answer.choices[0].text");
  });
});

describe("JavaScript", () => {
  it("is a program whose request is the same", () => {
    const asked = request();
    const code = asJavaScript(asked);
    const argument = /create\(([^]*)\);\nconsole/.exec(code)?.[1] ?? "";
    // A value of our own making, as JavaScript reads it.
    const value: unknown = JSON.parse(
      execFileSync(process.execPath, ["-e", `console.log(JSON.stringify(${argument}))`], {
        encoding: "utf8",
      }),
    );
    expect(value).toEqual(asked.body);
    expect(code).not.toContain("ALPHA_API_KEY");
  });
});
