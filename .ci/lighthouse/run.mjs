// Runs Lighthouse on pages, for one device and one theme, and prints one line of
// JSON per URL:
//   node run.mjs CHROMIUM mobile|desktop light|dark URL...
import lighthouse, { desktopConfig } from 'lighthouse'
import { launch } from 'puppeteer-core'

const [executablePath, device, theme, ...urls] = process.argv.slice(2)
const config = { mobile: undefined, desktop: desktopConfig }[device]
const flags = {
  logLevel: 'error',
  onlyCategories: ['accessibility', 'best-practices'],
  // Speed is not measured, and pages load nothing later: do not wait.
  pauseAfterFcpMs: 0,
  pauseAfterLoadMs: 0,
  networkQuietThresholdMs: 0,
  cpuQuietThresholdMs: 0,
  disableFullPageScreenshot: true,
}

const args = ['--disable-dev-shm-usage', ...(process.getuid() === 0 ? ['--no-sandbox'] : [])]
const browser = await launch({ executablePath, args, defaultViewport: null })
const page = await browser.newPage()
for (const url of urls) {
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: theme }])
  const { lhr } = await lighthouse(url, flags, config, page)
  const lacks = lhr.runtimeError ? [lhr.runtimeError.message] : []
  for (const { id, title, score, details } of Object.values(lhr.audits)) {
    if (score !== null && score < 1) {
      lacks.push(`${id}: ${title} ${(details?.items ?? []).map((item) => item.node?.snippet ?? JSON.stringify(item)).join(' ')}`)
    }
  }
  const [access, practices] = flags.onlyCategories.map((name) => Math.round(lhr.categories[name].score * 100))
  console.log(JSON.stringify({ url, access, practices, lacks }))
}
await browser.close()
