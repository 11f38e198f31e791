// Checkpoints to disk. A link cannot send an API key: with one the file is fetched, and saved when it is there.

import { request } from "../../lib/api";

/** Saves what `path` answers as `name`; tells how many of its bytes came (undefined total: not known). */
export async function saveFile(
  path: string,
  name: string,
  onProgress: (received: number, total: number | undefined) => void,
  signal: AbortSignal,
): Promise<void> {
  const response = await request(path, { signal });
  const total = Number(response.headers.get("Content-Length")) || undefined;
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let received = 0;
  const reader = response.body?.getReader();
  for (;;) {
    const part = await reader?.read();
    if (!part || part.done) break;
    parts.push(part.value);
    received += part.value.byteLength;
    onProgress(received, total);
  }
  const url = URL.createObjectURL(new Blob(parts, { type: "application/x-tar" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
