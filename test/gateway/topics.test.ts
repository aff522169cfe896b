import { expect, test } from 'vitest'
import { createTopics, responseTopicProblem } from '../../src/gateway/topics.js'

const topics = createTopics('portwire')
const rules = { maxBytes: 64, maxLevels: 20, discoveryTopic: 'ha', statusTopic: 'ha/status' }

test('topics are those of the conventions', () => {
  expect(topics.bridgeState).toBe('portwire/bridge/state')
  expect(topics.state('greenhouse')).toBe('portwire/greenhouse')
  expect(topics.event('greenhouse', 'reading')).toBe('portwire/greenhouse/event/reading')
  expect(topics.availability('greenhouse')).toBe('portwire/greenhouse/availability')
  expect(topics.response('greenhouse')).toBe('portwire/greenhouse/response')
  expect(createTopics('site/attic').state('greenhouse')).toBe('site/attic/greenhouse')
})

test.each([
  ['portwire/greenhouse/call/setVent', { kind: 'call', device: 'greenhouse', action: 'setVent' }],
  ['portwire/bridge/request/device/restart', { kind: 'request', request: 'device/restart' }],
  ['portwire/bridge/request/info', { kind: 'request', request: 'info' }],
  ['portwire/greenhouse/set', { kind: 'set', device: 'greenhouse' }],
  ['portwire/greenhouse/get', { kind: 'get', device: 'greenhouse' }],
  ['portwire/greenhouse/set/open', undefined],
  ['portwire/green house/set', undefined],
  ['portwire//get', undefined],
  ['portwire/greenhouse/call', undefined],
  ['portwire/greenhouse/call/setVent/x', undefined],
  ['portwire/green house/call/setVent', undefined],
  ['portwire/greenhouse/call/set Vent', undefined],
  ['portwire/greenhouse/call/\u001b[2J', undefined],
  ['portwire/bridge/request/', undefined],
  ['portwire/bridge/request/a/b/c', undefined],
  ['portwire/bridge/request/a/#', undefined],
  ['elsewhere/greenhouse/call/setVent', undefined],
  ['portwire', undefined],
])('%s asks for %o', (topic, addressed) => {
  expect(topics.parse(topic)).toEqual(addressed)
})

test.each([
  ['client/7/answers', undefined],
  ['portwire/me/response', undefined],
  ['', 'it is empty'],
  ['answers/#', 'it has a wildcard or a NUL'],
  ['$SYS/x', 'it begins with $'],
  ['portwire/greenhouse/call/setVent', 'it is under portwire/, and not a response topic there'],
  ['portwire/bridge/state', 'it is under portwire/, and not a response topic there'],
  ['portwire', 'it is under portwire/, and not a response topic there'],
  ['x'.repeat(65), 'it is longer than 64 bytes'],
  ['x/'.repeat(19), undefined],
  ['x/'.repeat(20), 'it has more than 20 levels'],
  ['ha/status', 'it is one of Home Assistant'],
  ['ha/device/x/config', 'it is one of Home Assistant'],
  ['ha/x/answers', undefined],
])('an answer on %s: %s', (topic, problem) => {
  expect(responseTopicProblem(topic, 'portwire', rules)).toBe(problem)
})
