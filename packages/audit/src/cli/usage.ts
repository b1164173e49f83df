export const USAGE = `Audits the sessions of a web application from outside.

  sojourn-audit URL --user NAME      finds the login by itself; asks for the password
  sojourn-audit --recipe app.yaml    is told how to log in
  sojourn-audit init                 writes a recipe by asking
  sojourn-audit record URL           writes a recipe from a login done by hand in Chromium
  sojourn-audit tokens FILE          scores a list of tokens
  sojourn-audit har FILE             judges what a browser captured
  sojourn-audit cookie 'Set-Cookie: ...'
  sojourn-audit checks               lists the checks

Who
  --user NAME            its password: asked for, or $AUDIT_PASSWORD, or --password (others on this machine can see that)
  --second-user NAME     its password: asked for, or $AUDIT_SECOND_PASSWORD
  --recipe FILE          how to log in, and more: logout, password change, an action (schema: @sojourn/audit/recipe.schema.json)

What
  --allow-changes        may change state: run the action, change the password and back, end all sessions
  --patience TIME        waits so long for timeouts, and for limited logins: 90s, 10m
  --browser              looks in Chromium too (needs playwright-core)
  --samples N            tokens to collect (60; 24 where each takes a login)
  --only IDS, --skip IDS checks, with commas between

Manners
  --i-am-authorized      needed for anything but this machine
  --rate N               requests a second (200 on this machine, 10 elsewhere)
  --max-requests N       in all (3000)
  --timeout TIME         for one answer (10s)
  --self-signed          takes any certificate, on this machine only

Reports
  --json, --html, --sarif, --junit FILE
  --baseline FILE        findings that are known and do not count
  --write-baseline FILE  takes all failures of this run as known
  --compare FILE         an earlier --json, to see what changed
  --fail-on SEVERITY     low (the default), medium, high or critical
  --no-color, --quiet

Ends with 0: nothing failed; 10, 11, 12, 13: the gravest failure is low, medium, high, critical; 2: misuse; 3: no verdict.
`
