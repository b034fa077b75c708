import { describe, expect, test } from "vitest";
import { ChatError } from "@warren/wire";
import { requestToken, withoutQuery, type TokenRequest } from "./request-token.ts";

const request = (given: Partial<TokenRequest>): TokenRequest => ({
  authorization: undefined,
  target: "/chat/ws",
  isUpgrade: true,
  ...given,
});
const outcome = (given: Partial<TokenRequest>, takesQueryTokens = true) => {
  try {
    return requestToken(request(given), takesQueryTokens);
  } catch (reason) {
    return (reason as ChatError).code;
  }
};

describe("the token of a request", () => {
  test.each([
    { name: "a bearer token", given: { authorization: "Bearer a.b-c_d" }, want: "a.b-c_d" },
    { name: "another case", given: { authorization: "bEARER x" }, want: "x" },
    { name: "several spaces", given: { authorization: "Bearer   x  " }, want: "x" },
    { name: "padding", given: { authorization: "Bearer x==" }, want: "x==" },
    { name: "one in the address", given: { target: "/ws?a=1&token=x.y&b=2" }, want: "x.y" },
    { name: "an escaped one", given: { target: "/ws?token=x%2Ey" }, want: "x.y" },
    {
      name: "both, where the field wins",
      given: { authorization: "Bearer field", target: "/ws?token=address" },
      want: "field",
    },
    { name: "none", given: {}, want: undefined },
    { name: "one in the path alone", given: { target: "/token=x" }, want: undefined },
    { name: "one behind a #", given: { target: "/ws#?token=x" }, want: undefined },
    {
      name: "one in the address of a plain request",
      given: { target: "/sessions?token=x", isUpgrade: false },
      want: undefined,
    },
  ])("with $name is $want", ({ given, want }) => {
    expect(outcome(given)).toBe(want);
  });

  test.each([
    { name: "an empty field", given: { authorization: "" } },
    { name: "a scheme alone", given: { authorization: "Bearer" } },
    { name: "a scheme and spaces", given: { authorization: "Bearer  " } },
    { name: "another scheme", given: { authorization: "Basic YTpi" } },
    { name: "no space", given: { authorization: "Bearerx" } },
    { name: "two tokens", given: { authorization: "Bearer x y" } },
    { name: "two fields in one", given: { authorization: "Bearer x, Bearer y" } },
    { name: "a tab", given: { authorization: "Bearer\tx" } },
    { name: "an empty token in the address", given: { target: "/ws?token=" } },
    { name: "two tokens in the address", given: { target: "/ws?token=x&token=y" } },
    {
      name: "a malformed field beside a good token",
      given: { authorization: "Basic YTpi", target: "/ws?token=x" },
    },
  ])("with $name is refused", ({ given }) => {
    expect(outcome(given)).toBe("UNAUTHORIZED");
  });

  test("is not taken from the address where that is switched off", () => {
    expect(outcome({ target: "/ws?token=x" }, false)).toBe("UNAUTHORIZED");
    expect(outcome({ authorization: "Bearer f", target: "/ws?token=x" }, false)).toBe("f");
  });

  test.each([
    { target: "/chat/ws?token=secret", want: "/chat/ws" },
    { target: "/chat/ws#?token=secret", want: "/chat/ws" },
    { target: "/chat/ws?a?token=secret", want: "/chat/ws" },
    { target: "/chat/ws", want: "/chat/ws" },
  ])("is not in what logs show of $target", ({ target, want }) => {
    expect(withoutQuery(target)).toBe(want);
  });
});
