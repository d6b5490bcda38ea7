// Counts an Agora shop's sales per category, live, and answers at /sales of its gateway.
//   AGORA_BUS=amqp://user:password@host:port/vhost [HOST=(where the gateway reaches us)] [PORT=0] node sales.mjs
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import amqp from 'amqplib';

const [EVENTS, SERVICES, REQUESTS, DIRECT] = ['agora.events', 'agora.services', 'agora.requests', 'amq.rabbitmq.reply-to'];
const [names, categories, sales] = [new Map(), new Map(), new Map()];
let [position, ready] = [0, false]; // All in memory: after a restart it reads the log again.
const changes = {
  'agora.catalogue.category-added': ({ data }) => names.set(data.category, data.name),
  'agora.catalogue.category-renamed': ({ data }) => names.set(data.category, data.name),
  'agora.product.added': ({ data }) => categories.set(data.product, data.category),
  'agora.product.changed': ({ subject, data }) =>
    data.category && categories.set(subject.slice('product-'.length), data.category),
  'agora.order.finalized': ({ data }) => {
    const category = categories.get(data.product); // The category of the product when it is sold.
    const { units, revenue } = sales.get(category) ?? { units: 0, revenue: 0 };
    sales.set(category, { units: units + data.quantity, revenue: revenue + data.quantity * data.price });
  },
};

class Newer extends Error {} // An event of a schema that this program does not read: it stops in front of it.

function take(event) {
  if (changes[event.type] && !event.dataschema.endsWith(':1'))
    throw new Newer(`stopped before position ${event.position}: ${event.dataschema} is newer than this program; update it`);
  changes[event.type]?.(event);
  position = event.position;
}

async function follow(connection, announcement) {
  const [heard, replies] = [[], new Map()];
  let [lost, wake] = [false, () => {}];
  const end = () => wake((lost = true));
  connection.on('error', end).on('close', end);
  const channel = (await connection.createChannel()).on('error', end).on('close', end);
  for (const exchange of [EVENTS, SERVICES, REQUESTS]) await channel.checkExchange(exchange); // The event store makes them.
  const { queue } = await channel.assertQueue('', { exclusive: true, maxLength: 20_000 });
  await channel.bindQueue(queue, EVENTS, '#');
  await channel.prefetch(500);
  await channel.consume(queue, (message) => (message ? wake(heard.push(message)) : end()));
  await channel.consume(DIRECT, (reply) => replies.get(reply?.properties.correlationId)?.(reply), { noAck: true });
  const send = (exchange, key, body, how) => lost || channel.publish(exchange, key, Buffer.from(JSON.stringify(body)), how);
  const say = (trouble) => send(SERVICES, 'system.service.sales', { ...announcement, ready, trouble });
  let trouble; // Why it is not ready, once it has stopped.
  const announcer = setInterval(() => say(trouble), 2000);
  try {
    for (let behind = true; !lost; ) { // The history first, later whatever was missed.
      while (behind && !lost) {
        const correlationId = randomUUID();
        const replied = new Promise((resolve) => replies.set(correlationId, resolve));
        const request = { position: position + 1, categories: ['catalogue', 'product', 'order'] };
        send(REQUESTS, 'read', request, { replyTo: DIRECT, correlationId });
        const reply = await Promise.race([replied, sleep(5000)]); // Without a reply, ask again.
        replies.delete(correlationId);
        if (!reply) continue;
        const page = JSON.parse(reply.content);
        page.events.forEach(take);
        [position, behind] = [page.next - 1, !page.end];
      }
      if (!ready) {
        ready = true;
        say();
        console.log(`ready at position ${position}`);
      }
      if (heard.length === 0 && !lost) await new Promise((resolve) => (wake = resolve));
      while (heard.length > 0 && !behind && !lost) {
        const message = heard.shift();
        channel.ack(message);
        const said = JSON.parse(message.content);
        if (said.specversion && said.position === position + 1) take(said);
        behind = said.position > position; // A gap, or a head beyond what was received.
      }
    }
  } catch (error) {
    if (!(error instanceof Newer)) throw error;
    [ready, trouble] = [false, error.message];
    say(trouble);
    console.error(trouble);
    while (!lost) await new Promise((resolve) => (wake = resolve)); // It goes on saying so.
  } finally {
    clearInterval(announcer);
    await connection.close().catch(() => {});
  }
}

const answers = {
  '/': () => ({ Items: [...sales].map(([category, { units, revenue }]) =>
    ({ Category: names.get(category) ?? '', Units: units, Revenue: revenue / 100 })), Position: position }),
  '/openapi.json': () => ({ openapi: '3.1.0', info: { title: 'Sales', version: '1.0.0' }, paths: { '/': { get: {
    operationId: 'get_sales', summary: 'Units sold and revenue per category', responses: { 200: { description: 'Sales' } } } } } }),
  '/health/live': () => ({ Live: true }),
  '/health/ready': () => ({ Ready: ready }),
};

const host = process.env.HOST ?? '127.0.0.1';
const server = createServer(async (request, response) => {
  const [path, least, until] = [request.url.split('?')[0], Number(request.headers['agora-position'] ?? 0), Date.now() + 2000];
  while (position < least && Date.now() < until) await sleep(20); // Clients read their own writes.
  const known = Object.hasOwn(answers, path) && request.method === 'GET';
  const status = !known ? 404 : path === '/health/ready' && !ready ? 503 : 200;
  response.writeHead(status, { 'content-type': 'application/json', 'agora-position': position });
  response.end(JSON.stringify(known ? answers[path]() : { status, title: 'Not Found' }));
});
await new Promise((listening) => server.listen(Number(process.env.PORT ?? 0), host, listening));
const address = { http: `http://${host}:${server.address().port}` };
const announcement = { name: 'sales', instance: randomUUID(), address, routes: ['/sales'], version: '1.0.0',
  // Of what it counts it reads schema 1; of the type that it passes over, any. Newer ones are not recorded while it runs.
  reads: { 'order.placed': 2 } };
for (;;) {
  const following = amqp.connect(process.env.AGORA_BUS).then((connection) => follow(connection, announcement));
  await following.catch((error) => console.error(`bus connection lost; reconnecting: ${error}`));
  await sleep(1000);
}
