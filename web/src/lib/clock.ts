// What time it is for the server: ages are of times that it tells, and this machine's clock may be another's.

import { useEffect, useState } from "react";

const kInaccuracy_ms = 2000; // the header has whole seconds, and is a while under way

let ahead_ms = 0; // of this machine's clock

/** Learns from the Date header of an answer that has just come. */
export function noteServerDate(date: string | null, now_ms = Date.now()): void {
  const told_ms = Date.parse(date ?? "");
  if (Number.isNaN(told_ms)) return;
  const difference = told_ms + 500 - now_ms;
  ahead_ms = Math.abs(difference) > kInaccuracy_ms ? difference : 0;
}

/** ms since 1970 by the server's clock. */
export const serverNow = (now_ms = Date.now()): number => now_ms + ahead_ms;

/** The server's time, told again every few seconds. */
export function useNow(every_ms = 5000): number {
  const [now, setNow] = useState(() => serverNow());
  useEffect(() => {
    const timer = setInterval(() => setNow(serverNow()), every_ms);
    return () => clearInterval(timer);
  }, [every_ms]);
  return now;
}
