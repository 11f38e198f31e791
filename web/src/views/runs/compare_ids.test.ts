import { describe, expect, it } from "vitest";
import { parseRoute } from "../../lib/route";
import { compareHref, parseIds } from "./compare_ids";

describe("the runs of a comparison", () => {
  it("come back from the address, whatever they are called", () => {
    const ids = ["bard", "a,b", "50% more", "ü&x=1", "a+b c"];
    expect(parseIds(parseRoute(compareHref(ids)).query.get("ids"))).toEqual(ids);
    expect(compareHref(["a", "b"])).toBe("#/runs/compare?ids=a,b");
  });

  it("are each there once, and no more than eight", () => {
    expect(parseIds("a,b,a,")).toEqual(["a", "b"]);
    expect(parseIds("1,2,3,4,5,6,7,8,9")).toHaveLength(8);
    expect(parseIds(null)).toEqual([]);
    expect(parseIds("%E0%A4%A")).toEqual(["%E0%A4%A"]);
  });
});
