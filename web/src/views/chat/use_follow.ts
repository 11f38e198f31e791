import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";

const kNear_px = 90;

const isAtEnd = (): boolean => {
  const { scrollHeight } = document.documentElement;
  return scrollHeight - window.scrollY - window.innerHeight < kNear_px;
};

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
    return () => window.removeEventListener("scroll", scroll);
  }, []);
  useLayoutEffect(() => {
    if (follows.current) window.scrollTo(0, document.documentElement.scrollHeight);
  }, [content]);
  const now = useCallback(() => {
    follows.current = true;
    setFollowing(true);
    window.scrollTo(0, document.documentElement.scrollHeight);
  }, []);
  return { isFollowing, now };
}
