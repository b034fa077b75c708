import { chatOptions, CLAIM_NAMES, type TokenOrder } from "@warren/chat";
import type { ConfigOf } from "@warren/host";

const { jwtIssuer, jwtAudience, userClaim, rolesClaim, nameClaim } = chatOptions;

/** What tokens must be like for the chat to take them, as the chat itself was told. */
export const tokenFormOptions = { jwtIssuer, jwtAudience, userClaim, rolesClaim, nameClaim };
export type TokenForm = Pick<TokenOrder, "names" | "issuer" | "audience">;

export function tokenForm(config: ConfigOf<typeof tokenFormOptions>): TokenForm {
  const { userClaim: userId, rolesClaim: roles, nameClaim: name } = config;
  return {
    names: { ...CLAIM_NAMES, userId, roles, name },
    issuer: config.jwtIssuer,
    audience: config.jwtAudience,
  };
}
