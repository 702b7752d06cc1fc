// What can go wrong with a call, and how a person is told.

import { told } from "./told.js";
import { language, t } from "./words.js";

/** The service understood a call and will not do it; `message` says why, for people. */
export class Refused extends Error {
  /** `problem` is an RFC 9457 document. */
  constructor(problem, status) {
    super(problem.detail || t("problem.status", { status }));
    this.status = status;
    this.kind = (problem.type || "").replace("urn:choreo:problem:", "");
    this.faults = problem.errors || [];
    this.language = "en";
  }
}

/** A refusal by the page itself, in the reader's language. */
export function refusal(text) {
  const error = new Refused({ detail: text }, 0);
  error.language = language();
  return error;
}

/** Return the sentences that tell a person about an error: `[text, language]` pairs. */
export function sentencesOf(error) {
  if (!(error instanceof Refused)) return [[t("problem.lost"), language()]];
  const own = t(`problem.${error.kind}`, {}, "");
  if (own) return [[own, language()]];
  if (error.faults.length > 1) return error.faults.map((fault) => told(`${fault.field} ${fault.message}`.trim()));
  return [error.language === "en" ? told(error.message) : [error.message, error.language]];
}
