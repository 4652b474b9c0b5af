// browser.js BROWSER URL SCRIPT: opens the server's page in a real browser and runs SCRIPT in it; prints what that shows, one JSON a line.
const { readFileSync } = require("node:fs");
const { chromium } = require("playwright-core");

async function main() {
  const [executablePath, url, script] = process.argv.slice(2);
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  process.on("SIGTERM", () => browser.close().then(() => process.exit(0)));
  const page = await browser.newPage();
  page.on("pageerror", (error) => console.error(error));
  await page.exposeFunction("show", (event) => console.log(JSON.stringify(event)));
  await page.goto(`${url}/healthz`);
  await page.evaluate(`(async () => { ${readFileSync(script, "utf8")} })()`);
}

main();
