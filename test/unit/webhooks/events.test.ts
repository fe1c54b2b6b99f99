/**
 * What is done about each kind of fact; a file for each in facts/. They share a database: opening one costs more than
 * all of them, and every test has a repository of its own.
 */

import './events/deliveries.ts'
import './events/labels.ts'
import './events/issues.ts'
import './events/bad-payloads.ts'
import './events/comments.ts'
import './events/pull-requests.ts'
import './events/reverts.ts'
import './events/reviews.ts'
import './events/review-comments.ts'
import './events/repositories.ts'
import { useStore } from '../../support/webhook-stage.ts'

useStore()
