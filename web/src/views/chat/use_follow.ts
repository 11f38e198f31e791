import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";

const kNear_px = 90;

const isAtEnd = (): boolean => {
  const { scrollHeight } = document.documentElement;
  return scrollHeight - window.scrollY - window.innerHeight < kNear_px;
};

const toEnd = () => window.scrollTo(0, document.documentElement.scrollHeight);

/** Keeps the end of the page in sight as it grows, unless the reader has scrolled away from it. */
export function useFollow(content: unknown): { isFollowing: boolean; now: () => void } {
  const follows = useRef(true);
  const [isFollowing, setFollowing] = useState(true);
  useEffect(() => {
    const scroll = () => {
      follows.current = isAtEnd();
      setFollowing(follows.current);
    };
    window.addEventListener("scroll", scroll, { passive: true });
    // Whoever comes from another view is brought to the top of this one first.
    const frame = requestAnimationFrame(toEnd);
    return () => {
      window.removeEventListener("scroll", scroll);
      cancelAnimationFrame(frame);
    };
  }, []);
  useLayoutEffect(() => {
    if (follows.current) toEnd();
  }, [content]);
  const now = useCallback(() => {
    follows.current = true;
    setFollowing(true);
    toEnd();
  }, []);
  return { isFollowing, now };
}
