// Mounts the page in strict mode: React mounts each component twice, and no order runs twice. Serve it with
//   npx esbuild examples/react/main.tsx --bundle --format=esm --outdir=examples/react --servedir=examples/react --serve=127.0.0.1:8000
// and open http://127.0.0.1:8000; `?pace=50` makes the shop work faster.
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'
import { openShop } from './order.ts'

const pace = Number(new URLSearchParams(location.search).get('pace') ?? 700)
const shop = openShop(pace)

createRoot(document.querySelector('#root')!).render(
  <StrictMode>
    <App shop={shop} />
  </StrictMode>,
)
