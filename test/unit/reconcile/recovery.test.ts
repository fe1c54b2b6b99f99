/** What comes late, twice, in another order, or never; a file for each in recovery/. They share a database. */

import './recovery/lists.ts'
import './recovery/order.ts'
import './recovery/reconcile.ts'
import './recovery/redeliver.ts'
import './recovery/rounds.ts'
import { useStore } from '../../support/webhook-stage.ts'

useStore()
