// pages.js BROWSER CATALOGUE SHOTS: opens every page without scripts, as wide as a phone, and prints what is on it as JSON; leaves a
// picture of each in SHOTS, and a print of the first.
const { mkdirSync, readdirSync } = require("node:fs");
const { join } = require("node:path");
const { pathToFileURL } = require("node:url");
const { chromium } = require("playwright-core");

// Runs in the page, by the browser's tools: the page's own scripts stay off.
function read() {
  const sections = {};
  for (const section of document.querySelectorAll("section")) {
    const fields = [...section.querySelectorAll("tbody th")].map((cell) => cell.innerText.trim());
    const marked = [...section.querySelectorAll("tr")].filter((row) => row.querySelector(".personal"));
    sections[section.querySelector("h2").innerText] = {
      text: section.innerText,
      fields,
      marks: marked.length ? ["personal"] : [],
      nestedPersonal: marked.some((row) => row.querySelector("th").innerText.includes(".")),
      example: JSON.parse(section.querySelector("pre:last-of-type").innerText),
    };
  }
  return {
    sections,
    language: document.documentElement.lang,
    headings: document.querySelectorAll("h1").length,
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  };
}

async function main() {
  const [executablePath, catalogue, shots] = process.argv.slice(2);
  mkdirSync(shots, { recursive: true });
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  try {
    const context = await browser.newContext({ javaScriptEnabled: false, viewport: { width: 390, height: 844 } });
    const seen = {};
    for (const name of readdirSync(catalogue).filter((file) => file.endsWith(".html"))) {
      const page = await context.newPage();
      const complaints = [];
      page.on("console", (message) => complaints.push(message.text()));
      page.on("pageerror", (error) => complaints.push(String(error)));
      page.on("requestfailed", (request) => complaints.push(request.url()));
      await page.goto(pathToFileURL(join(catalogue, name)).href);
      seen[name] = { ...(await page.evaluate(read)), complaints };
      await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true });
      if (name === "index.html") await page.pdf({ path: join(shots, `${name}.pdf`), format: "A4" });
      await page.close();
    }
    console.log(JSON.stringify(seen));
  } finally {
    await browser.close();
  }
}

main();
