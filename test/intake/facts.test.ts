/**
 * What is done about each kind of fact; a file for each in facts/. They share a database: opening one costs more than
 * all of them, and every test has a repository of its own.
 */

import './facts/deliveries.ts'
import './facts/labels.ts'
import './facts/issues.ts'
import './facts/comments.ts'
import './facts/pulls.ts'
import './facts/reviews.ts'
import './facts/repositories.ts'
import { useStore } from './lib/stage.ts'

useStore()
