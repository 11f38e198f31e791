import type { Sample } from "../../lib/types";

const kMost = 1000; // kept of a run that goes on for days

/** All of both, each once; one told again is replaced. */
export function mergeSamples(old: readonly Sample[], more: readonly Sample[]): Sample[] {
  const all = new Map<string, Sample>();
  for (const sample of [...old, ...more]) all.set(`${sample.step} ${sample.idx}`, sample);
  return [...all.values()].sort((a, b) => b.step - a.step || a.idx - b.idx).slice(0, kMost);
}

/** Those of a step together, the latest step first. */
export function groupSamples(samples: readonly Sample[]): { step: number; samples: Sample[] }[] {
  const groups: { step: number; samples: Sample[] }[] = [];
  for (const sample of mergeSamples([], samples)) {
    const last = groups[groups.length - 1];
    if (last?.step === sample.step) last.samples.push(sample);
    else groups.push({ step: sample.step, samples: [sample] });
  }
  return groups;
}

/** What was written behind the prompt: trainers write the prompt with it. */
export const restOf = ({ prompt, output }: Sample): string =>
  output.startsWith(prompt) ? output.slice(prompt.length) : output;
