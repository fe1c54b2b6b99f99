/** What comes late, twice, in another order, or never; a file for each in recovery/. They share a database. */

import './recovery/order.ts'
import './recovery/reconcile.ts'
import './recovery/sweep.ts'
import { useStore } from './lib/stage.ts'

useStore()
