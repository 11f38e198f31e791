// Calls to the server that this page came from.

import { useSyncExternalStore } from "react";
import { noteServerDate } from "./clock";
import { readText, writeText } from "./stored";
import type { Checkpoint, Curves, Model, Piece, Run, RunEventRow, Sample, System } from "./types";

/** What the server, or the way to it, refused, in a sentence to be shown. */
export class ApiFailure extends Error {
  constructor(
    readonly status: number, // 0: the server was not reached
    message: string,
    readonly retryAfterSeconds?: number,
  ) {
    super(message);
    this.name = "ApiFailure";
  }
}

/** Whether somebody ended the call on purpose. */
export const isAbort = (error: unknown): boolean =>
  error instanceof DOMException && error.name === "AbortError";

/** One sentence for people. */
export const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

// The API key, for servers that want one. It stays in this browser, as it would in any client.

const kKeyName = "key";
const listeners = new Set<() => void>();
let needsKey = false;

export const apiKey = (): string => readText(kKeyName) ?? "";

export function setApiKey(key: string): void {
  writeText(kKeyName, key || undefined);
  setNeedsKey(false);
}

function setNeedsKey(value: boolean): void {
  needsKey = value;
  for (const listener of listeners) listener();
}

/** Whether the server has asked for a key, or refused the one there is. */
export const useNeedsKey = (): boolean =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => needsKey,
  );

function errorText(body: string, status: number): string {
  try {
    const json = JSON.parse(body) as { error?: string | { message?: string } };
    if (typeof json.error === "string") return json.error;
    if (json.error?.message) return json.error.message;
  } catch {
    // Not ours: a proxy's page.
  }
  return `The server answered with status ${status}.`;
}

/** The answer, once its head is there. Throws ApiFailure for anything but success. */
export async function request(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  if (apiKey()) headers.set("Authorization", `Bearer ${apiKey()}`);
  let response: Response;
  try {
    response = await fetch(path, { ...init, headers });
  } catch (error) {
    if (isAbort(error)) throw error;
    throw new ApiFailure(0, "The server cannot be reached. Is `alpha serve` running?");
  }
  noteServerDate(response.headers.get("Date"));
  if (response.ok) return response;
  if (response.status === 401) setNeedsKey(true);
  const retryAfter = Number(response.headers.get("Retry-After"));
  throw new ApiFailure(
    response.status,
    errorText(await response.text(), response.status),
    retryAfter || undefined,
  );
}

export async function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await (await request(path, { signal })).json()) as T;
}

export async function postJson<T>(path: string, body: unknown, signal?: AbortSignal): Promise<T> {
  return (await (await postForStream(path, body, signal)).json()) as T;
}

/** A POST whose answer is read as it comes. */
export const postForStream = (
  path: string,
  body: unknown,
  signal?: AbortSignal,
): Promise<Response> =>
  request(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
    signal,
  });

const part = encodeURIComponent;

export const listRuns = (signal?: AbortSignal) => getJson<Run[]>("/api/runs", signal);
export const getRun = (id: string, signal?: AbortSignal) =>
  getJson<Run>(`/api/runs/${part(id)}`, signal);

export interface CurvesQuery {
  points?: number;
  from?: number;
  to?: number;
  columns?: string[];
}

export function getCurves(
  id: string,
  query: CurvesQuery = {},
  signal?: AbortSignal,
): Promise<Curves> {
  const parameters = new URLSearchParams();
  if (query.points !== undefined) parameters.set("points", String(query.points));
  if (query.from !== undefined) parameters.set("from", String(Math.max(0, Math.floor(query.from))));
  if (query.to !== undefined) parameters.set("to", String(Math.max(0, Math.ceil(query.to))));
  if (query.columns) parameters.set("columns", query.columns.join(","));
  return getJson<Curves>(`/api/runs/${part(id)}/curves?${parameters.toString()}`, signal);
}

export const listCheckpoints = (id: string, signal?: AbortSignal) =>
  getJson<Checkpoint[]>(`/api/runs/${part(id)}/checkpoints`, signal);
export const listSamples = (id: string, last: number, signal?: AbortSignal) =>
  getJson<Sample[]>(`/api/runs/${part(id)}/samples?last=${last}`, signal);
export const listEvents = (id: string, last: number, signal?: AbortSignal) =>
  getJson<RunEventRow[]>(`/api/runs/${part(id)}/events?last=${last}`, signal);
export const downloadPath = (id: string, step: number) =>
  `/api/runs/${part(id)}/checkpoints/${step}/download`;

export const listModels = async (signal?: AbortSignal) =>
  (await getJson<{ data: Model[] }>("/v1/models", signal)).data;
export const loadModel = (name: string, signal?: AbortSignal) =>
  postJson<Model>(`/api/models/${part(name)}/load`, {}, signal);
export const unloadModel = (name: string, signal?: AbortSignal) =>
  postJson<Model>(`/api/models/${part(name)}/unload`, {}, signal);
export const getSystem = (signal?: AbortSignal) => getJson<System>("/api/system", signal);

/** With `isSpecial`, what looks like a special token is one; else it is text like any other. */
export const tokenize = (model: string, text: string, signal?: AbortSignal, isSpecial = true) =>
  postJson<{ tokens: Piece[]; count: number; max_model_len: number }>(
    "/tokenize",
    { model, prompt: text, with_pieces: true, parse_special: isSpecial },
    signal,
  );
export const detokenize = (model: string, tokens: number[], signal?: AbortSignal) =>
  postJson<{ content: string }>("/detokenize", { model, tokens }, signal);
