import { describe, expect, it } from "vitest";
import {
  isSpecial,
  paragraphsOf,
  perplexity,
  plainToken,
  stepOfLogprob,
  textWith,
  TokenAligner,
  tokensOrText,
  tokensWith,
  visibleToken,
} from "./shown_tokens";

const score = (text: string, logprob = -1, top: { text: string; logprob: number }[] = []) => ({
  text,
  logprob,
  top,
});

/** What a stream of these steps shows: a text in quotes is text, anything else a token. */
function align(steps: { text?: string; token?: string }[]): string[] {
  const aligner = new TokenAligner();
  for (const { text, token } of steps) {
    if (text !== undefined) aligner.addText(text);
    if (token !== undefined) aligner.addToken(score(token));
  }
  aligner.finish();
  expect(aligner.tokens.map(({ shown }) => shown).join("")).toBe(aligner.text);
  return aligner.tokens.map(({ shown }) => shown);
}

describe("TokenAligner", () => {
  it("gives each token its text", () => {
    expect(
      align([
        { text: "Hel", token: "Hel" },
        { text: "lo", token: "lo" },
      ]),
    ).toEqual(["Hel", "lo"]);
  });

  it("shows a character of several tokens once, at the token that completes it", () => {
    expect(
      align([
        { text: "O ", token: "O " },
        { token: "bytes:\\xc3" },
        { text: "é", token: "bytes:\\xa9" },
        { text: "!", token: "!" },
      ]),
    ).toEqual(["O ", "", "é", "!"]);
  });

  it("takes four bytes in three tokens, the last of which has text of its own", () => {
    const aligner = new TokenAligner();
    for (const token of ["bytes:\\xf0\\x9f", "bytes:\\x99", "bytes:\\x82\\x21"])
      aligner.addToken(score(token));
    aligner.addText("🙂!");
    expect(aligner.tokens.map(({ shown }) => shown)).toEqual(["", "", "🙂!"]);
    expect(aligner.tokens[2]?.begun).toEqual([0xf0, 0x9f, 0x99]);
  });

  it("replaces what is no UTF-8 as the server does", () => {
    expect(align([{ token: "bytes:\\xff" }, { text: "\ufffda", token: "a" }])).toEqual([
      "\ufffd",
      "a",
    ]);
  });

  it("waits for text that the server holds back", () => {
    const aligner = new TokenAligner();
    aligner.addToken(score("STO"));
    aligner.addToken(score("RY"));
    expect(aligner.tokens).toHaveLength(0);
    aligner.addText("STORY");
    expect(aligner.tokens.map(({ shown }) => shown)).toEqual(["STO", "RY"]);
  });

  it("shows nothing of a stop text, and of its token only what came before it", () => {
    expect(
      align([{ text: "a", token: "a" }, { token: "b\nUser" }, { token: ":" }, { text: "b" }]),
    ).toEqual(["a", "b", ""]);
  });

  it("shows nothing of a special token, at the end and in between", () => {
    expect(align([{ text: "a", token: "a" }, { token: "<|end_of_text|>" }])).toEqual(["a", ""]);
    expect(align([{ token: "<|user|>" }, { text: "a", token: "a" }])).toEqual(["", "a"]);
  });

  it("knows of white space that is trimmed", () => {
    expect(align([{ token: " " }, { text: "Hi", token: " Hi" }, { token: "\n" }])).toEqual([
      "",
      "Hi",
      "",
    ]);
  });

  it("puts the spaces between words to the word behind", () => {
    expect(
      align([
        { text: "to", token: "to" },
        { text: " be", token: "be" },
      ]),
    ).toEqual(["to", " be"]);
  });

  it("takes a prompt that is told whole before its tokens", () => {
    expect(align([{ text: "ab c" }, { token: "ab" }, { token: " c" }])).toEqual(["ab", " c"]);
  });
});

describe("textWith", () => {
  const aligner = new TokenAligner();
  aligner.addText("a é.");
  aligner.addToken(score("a "));
  aligner.addToken(score("bytes:\\xc3"));
  aligner.addToken(score("bytes:\\xa9", -1, [{ text: "bytes:\\xa8", logprob: -2 }]));
  aligner.addToken(score("."));
  aligner.finish();
  const { tokens } = aligner;

  it("has the other token in its place and nothing behind", () => {
    expect(textWith(tokens, 3, "!")).toBe("a é!");
    expect(textWith(tokens, 0, "The")).toBe("The");
  });
  it("completes a character with other bytes", () => {
    expect(textWith(tokens, 2, "bytes:\\xa8")).toBe("a è");
  });
  it("has no text for half a character, nor for a special token", () => {
    expect(textWith(tokens, 1, "bytes:\\xc3")).toBeUndefined();
    expect(textWith(tokens, 2, "x")).toBeUndefined();
    expect(textWith(tokens, 3, "<|end_of_text|>")).toBeUndefined();
  });
  it("keeps the token itself as it is shown", () => {
    expect(textWith(tokens, 2, "bytes:\\xa9")).toBe("a é");
  });
  it("gives the tokens of that text, with what was thought of the chosen one", () => {
    const chosen = tokensWith(tokens, 2, "bytes:\\xa8");
    expect(chosen.map(({ shown }) => shown).join("")).toBe("a è");
    expect(chosen.at(-1)?.score.logprob).toBe(-2);
  });
});

describe("what is told of tokens", () => {
  it("shows white space and bytes", () => {
    expect(visibleToken(" the\n")).toBe("·the↵");
    expect(visibleToken("bytes:\\xe2")).toBe("\\xe2");
    expect(isSpecial("<|user|>")).toBe(true);
    expect(isSpecial("<script>")).toBe(false);
  });
  it("has steps that go by the probability", () => {
    const steps = [0.001, 0.01001, 0.06, 0.3, 0.5001, 1].map((p) => stepOfLogprob(Math.log(p)));
    expect(steps).toEqual([0, 1, 2, 3, 4, 5]);
    expect(stepOfLogprob(NaN)).toBeUndefined();
  });
  it("has a perplexity of the tokens that have a probability", () => {
    const tokens = [plainToken("x"), { ...plainToken("a"), score: score("a", Math.log(0.25)) }];
    expect(perplexity(tokens)).toBeCloseTo(4);
    expect(perplexity([plainToken("x")])).toBeUndefined();
  });
  it("falls back to the text where the tokens are not all of it", () => {
    expect(tokensOrText([plainToken("a")], "ab")).toEqual([plainToken("ab")]);
    expect(tokensOrText([], "")).toEqual([]);
  });
});

describe("paragraphsOf", () => {
  it("loses nothing, and ends each but the last with a line break", () => {
    const tokens = Array.from({ length: 500 }, (_, i) => plainToken(i % 7 === 6 ? "\n" : "a"));
    const paragraphs = paragraphsOf(tokens);
    expect(paragraphs.length).toBeGreaterThan(4);
    expect(paragraphs.flatMap((paragraph) => paragraph.tokens)).toEqual(tokens);
    for (const { base, tokens: own } of paragraphs.slice(0, -1)) {
      expect(tokens[base]).toBe(own[0]);
      expect(own.at(-1)?.shown).toBe("\n");
    }
  });
  it("is one where there is no line break, and none of nothing", () => {
    expect(paragraphsOf(Array.from({ length: 300 }, () => plainToken("a")))).toHaveLength(1);
    expect(paragraphsOf([])).toEqual([]);
  });
});
