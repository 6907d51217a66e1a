/** No way leads back from lockdown: this is the last that a machine of tests/vm runs. */

import { testHost } from "./hosts.ts";

const file = "/sys/kernel/security/lockdown";

testHost({
  name: "a kernel that is locked down",
  needs: ["disposable", "lockdown"],
  host: `grep -q "\\[conf" ${file} || echo confidentiality > ${file}; exec "$@"`,
  code: 77,
  words: ["locked down"],
  someRun: true, // syscount reads no kernel memory on Linux 5.11 and later
});
