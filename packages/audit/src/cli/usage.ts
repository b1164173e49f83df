export const USAGE = `Audits the sessions of a web application from outside.

  sojourn-audit URL --user NAME      finds the login by itself; asks for the password
  sojourn-audit --recipe app.yaml    logs in as the recipe describes
  sojourn-audit init                 writes a recipe from your answers
  sojourn-audit record URL           writes a recipe from a manual login in Chromium
  sojourn-audit tokens FILE          scores a list of tokens
  sojourn-audit har FILE             judges a session that a browser captured
  sojourn-audit cookie 'Set-Cookie: ...'
  sojourn-audit checks               lists the checks

Users
  --user NAME            password: asked for, or $AUDIT_PASSWORD, or --password (visible to others on this machine)
  --second-user NAME     password: asked for, or $AUDIT_SECOND_PASSWORD
  --recipe FILE          how to log in, log out, change the password, and more (schema: @sojourn/audit/recipe.schema.json)

Checks
  --allow-changes        may change state: run the action, change the password and back, end all sessions
  --patience TIME        how long to wait for timeouts, and for limited logins: 90s, 10m
  --browser              also tests in Chromium (needs playwright-core)
  --samples N            tokens to collect (60; 24 if each needs a login)
  --only IDS, --skip IDS checks, separated by commas

Limits
  --i-am-authorized      required for every target but this machine
  --rate N               requests per second (200 on this machine, 10 elsewhere)
  --max-requests N       in total (3000)
  --timeout TIME         of one answer (10s)
  --self-signed          accepts any certificate, on this machine only

Reports
  --json, --html, --sarif, --junit FILE
  --baseline FILE        known findings, which do not count
  --write-baseline FILE  makes all failures of this run known
  --compare FILE         an earlier --json report, to see what changed
  --fail-on SEVERITY     the severity that counts: low (default), medium, high or critical
  --no-color, --quiet

Exit codes: 0: nothing failed; 10, 11, 12, 13: the gravest failure is low, medium, high, critical; 2: misuse; 3: no verdict.
`
