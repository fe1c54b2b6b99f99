/** The crew: who the agents are, what they do now, what they have finished, what they remember, who had to be restarted. */

import { type CrewMember, crewOf, experienceOf } from '../../db/crew-members.ts'
import { memoriesOf } from '../../db/memories.ts'
import { restartsOf } from '../../db/restarts.ts'
import type { Experience } from '../../domain/crew.ts'
import { counted } from '../../lib/counted.ts'
import * as messages from '../../messages/dashboard-pages.ts'
import { type AgentView, listAgents } from '../../views/agents.ts'
import { emptyState, itemUrl, panel } from '../frame.ts'
import { bytesText, type Html, html, spanText, timeTag } from '../html.ts'
import { sentence } from '../markdown.ts'
import type { Page } from '../page.ts'
import { agentPill, face, pill } from '../words.ts'

const mostMemories = 20

/** `/crew` */
export const crewPage: Page = {
  path: '/crew',
  async render({ services, repo }) {
    const { db } = services.store
    const crew = (await crewOf(db, repo.id)).filter(({ role }) => role !== 'orchestrator')
    const experience = new Map((await experienceOf(db, crew)).map((one) => [one.memberId, one]))
    const agents = await listAgents(db, repo.id, { limit: 60 })
    const memories = (await memoriesOf(db, repo.id)).slice(0, mostMemories)
    const restarts = await restartsOf(db, repo.id, new Date(0), { limit: 20 })
    const members =
      crew.length === 0
        ? noMembers
        : html`<div class="choices">${crew.map((member) => memberCard(member, experience.get(member.id), agents))}</div>`
    const learned =
      memories.length === 0
        ? emptyState(...messages.nothingLearned)
        : html`<ul class="rows">${memories.map((one) => html`<li><div class="grow"><span>${sentence(one.text)}</span><span class="small muted">${one.kind}${one.about ? ` about ${one.about}` : ''}, from ${one.source === 'agent' ? 'an agent' : `a ${one.source}`}${one.issueNumber ? ` on #${one.issueNumber}` : ''}</span></div><div class="side-note">${timeTag(one.seenAt)}<span>used ${one.used}×</span></div></li>`)}</ul>`
    const restarted =
      restarts.length === 0
        ? emptyState(...messages.noRestart, 'check')
        : html`<ul class="rows">${restarts.map((one) => html`<li><div class="grow"><span><a href="${itemUrl(repo, one.issueNumber)}">#${one.issueNumber}</a> ${one.agent}</span><span class="small muted">${one.reason}</span></div><div class="side-note">${timeTag(one.createdAt)}</div></li>`)}</ul>`
    return {
      title: 'Crew',
      main: html`<div class="stack">${members}<div class="columns"><div class="stack">${panel('Attempts', attempts(agents))}</div><div class="stack">${panel(messages.learnedTitle, learned)}${panel('Restarts', restarted)}</div></div></div>`,
    }

    function attempts(all: readonly AgentView[]): Html {
      if (all.length === 0) return emptyState(...messages.noAttempt)
      const row = (agent: AgentView) => {
        const name = agent.name || agent.kind
        return html`<tr id="agent-${agent.agentId}"><td class="nowrap"><a class="name" href="/runs/${agent.agentId}">${name}</a></td><td><a href="${itemUrl(repo, agent.issue)}">#${agent.issue} ${agent.title}</a></td><td>${agentPill(agent)}</td><td class="nowrap">${timeTag(agent.startedAt)}</td><td class="right nowrap num">${agent.endedAt ? (agent.startedAt ? spanText(Date.parse(agent.endedAt) - Date.parse(agent.startedAt)) : '–') : timeTag(agent.startedAt, 'lasted')}</td></tr>`
      }
      return html`<div class="scroll" tabindex="0" role="region" aria-label="Attempts"><table><thead><tr><th scope="col">Who</th><th scope="col">Item</th><th scope="col">Status</th><th scope="col">Began</th><th scope="col" class="right">Took</th></tr></thead><tbody>${all.map(row)}</tbody></table></div>`
    }
  },
}

const noMembers = html`<section class="panel"><div class="body">${emptyState(...messages.emptyCrew, 'crew')}</div></section>`

function memberCard(member: CrewMember, experience: Experience | undefined, agents: readonly AgentView[]): Html {
  const now = agents.find(({ name, endedAt }) => name === member.name && endedAt === null)
  const load = now?.memoryBytes ? ` · ${bytesText(now.memoryBytes)}` : ''
  return html`<section class="panel choice" id="member-${member.id}"><div class="inline">${face(member.name, 'big')}<div><span class="name">${member.name}</span>${member.handle ? html` <span class="muted">@${member.handle}</span>` : ''}<br><span class="small muted">${member.role} · ${member.agent}</span></div></div>
${now ? html`<span class="small">${agentPill(now)} <a href="/runs/${now.agentId}">#${now.issue} ${now.title}</a></span><span class="small muted">${now.progress}${load}</span>` : html`<span class="small">${pill('calm', 'free')} <span class="muted">${messages.lastGivenWork} ${timeTag(member.assignedAt)}</span></span>`}
<span class="small muted">${counted(experience?.all ?? 0, 'item')} finished</span></section>`
}
