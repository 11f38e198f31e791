import type { Config, Run } from "../../lib/types";

/** "vocabSize" and "vocab_size" → "vocab size". */
export const settingName = (key: string): string =>
  key
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replaceAll("_", " ")
    .toLowerCase();

export function settingText(value: unknown): string {
  if (value === null || value === undefined) return "–";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "string") return value === "" ? '""' : value;
  return JSON.stringify(value);
}

/** Settings, those of objects within as "outer.inner". */
export function flatSettings(config: Config | null): [string, unknown][] {
  const rows: [string, unknown][] = [];
  const add = (prefix: string, value: Config) => {
    for (const [key, inner] of Object.entries(value)) {
      if (inner !== null && typeof inner === "object" && !Array.isArray(inner))
        add(`${prefix}${key}.`, inner as Config);
      else rows.push([prefix + key, inner]);
    }
  };
  add("", config ?? {});
  return rows;
}

export interface SettingRow {
  name: string;
  values: string[]; // of each run
  isSame: boolean;
}

/** Each setting of any of the runs; those that differ first. */
export function compareSettings(runs: readonly Run[]): SettingRow[] {
  const tables = runs.map(
    (run) => new Map([...flatSettings(run.model_config), ...flatSettings(run.train_config)]),
  );
  const names = new Set(tables.flatMap((table) => [...table.keys()]));
  const rows = [...names].map((name) => {
    const values = tables.map((table) => settingText(table.get(name)));
    return { name, values, isSame: values.every((value) => value === values[0]) };
  });
  return [...rows.filter(({ isSame }) => !isSame), ...rows.filter(({ isSame }) => isSame)];
}
