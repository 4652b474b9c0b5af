//! UmaDB under load over gRPC, a connection for each client. The condition: no event with the stream's tag after the last one that
//! this client appended. What is printed, and when: ../../../load/load.go, whose arguments and draws these are.
use std::io::BufRead;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use umadb_client::{AsyncUmaDbClient, UmaDbClient};
use umadb_dcb::{
    DcbAppendCondition, DcbEvent, DcbEventStoreAsync, DcbQuery, DcbQueryItem, DcbResult,
};
use uuid::Uuid;

const DRAWS: usize = 1 << 16;
const PAYLOADS: usize = 1 << 10;
const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

#[derive(Clone)]
struct Options {
    clients: usize,
    events: usize,
    payload: usize,
    streams: usize,
    seconds: f64,
    seed: u64,
    at: String,
    blind: bool,
}

fn options() -> Options {
    let arguments: Vec<String> = std::env::args().collect();
    let text = |name: &str, default: &str| {
        let at = arguments.iter().position(|a| a == name);
        at.and_then(|i| arguments.get(i + 1))
            .cloned()
            .unwrap_or(default.into())
    };
    let number = |name: &str, default: &str| text(name, default).parse::<usize>().expect(name);
    Options {
        clients: number("--clients", "1"),
        events: number("--events", "1"),
        payload: number("--payload", "256"),
        streams: number("--streams", "100000"),
        seconds: text("--seconds", "4").parse().expect("--seconds"),
        seed: number("--seed", "1") as u64,
        at: text("--at", "http://127.0.0.1:50051"),
        blind: arguments.iter().any(|a| a == "--blind"),
    }
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn of(seed: u64, client: usize) -> Self {
        Random(seed.wrapping_mul(1_000_003).wrapping_add(client as u64))
    }
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e3779b97f4a7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58476d1ce4e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d049bb133111eb);
        z ^ (z >> 31)
    }
}

fn zipf(random: &mut Random, streams: usize) -> Vec<u32> {
    let mut sum = 0.0;
    let sums: Vec<f64> = (1..=streams)
        .map(|n| {
            sum += 1.0 / n as f64;
            sum
        })
        .collect();
    (0..DRAWS)
        .map(|_| {
            let u = (random.next() >> 11) as f64 / (1u64 << 53) as f64 * sum;
            sums.partition_point(|s| *s < u).min(streams - 1) as u32
        })
        .collect()
}

fn payloads(options: &Options) -> Vec<Vec<u8>> {
    let mut random = Random::of(options.seed, usize::MAX);
    let mut letter = || LETTERS[(random.next() % 64) as usize];
    (0..PAYLOADS)
        .map(|_| (0..options.payload).map(|_| letter()).collect())
        .collect()
}

struct Client {
    number: usize,
    connection: AsyncUmaDbClient,
    drawn: Vec<u32>,
    names: Vec<String>,
    last: Vec<Option<u64>>, // position of each stream's last event
    ids: Random,
    payloads: Arc<Vec<Vec<u8>>>,
    next_payload: usize,
    micros: Vec<f64>,
}

impl Client {
    async fn connect(
        number: usize,
        options: &Options,
        payloads: Arc<Vec<Vec<u8>>>,
    ) -> DcbResult<Self> {
        let streams = (options.streams / options.clients).max(1);
        Ok(Client {
            number,
            connection: UmaDbClient::new(options.at.clone()).connect_async().await?,
            drawn: zipf(&mut Random::of(options.seed, number), streams),
            names: (0..streams)
                .map(|s| format!("opportunity-{number}.{s}"))
                .collect(),
            last: vec![None; streams],
            ids: Random::of(options.seed + (1 << 32), number),
            payloads,
            next_payload: number * 17, // not the same at the same time
            micros: Vec::new(),
        })
    }

    async fn append_once(&mut self, stream: usize, options: &Options) -> DcbResult<()> {
        let tag = &self.names[stream];
        let mut events = Vec::with_capacity(options.events);
        for _ in 0..options.events {
            let id = Uuid::from_u64_pair(self.ids.next(), self.ids.next());
            let event = DcbEvent::new().event_type("opened").tags([tag.clone()]);
            self.next_payload += 1;
            let payload = self.payloads[self.next_payload % PAYLOADS].clone();
            events.push(event.data(payload).uuid(id));
        }
        let boundary = || DcbQuery::new().item(DcbQueryItem::new().tags([tag.clone()]));
        let condition =
            (!options.blind).then(|| DcbAppendCondition::new(boundary()).after(self.last[stream]));
        self.last[stream] = Some(self.connection.append(events, condition, None).await?);
        Ok(())
    }

    async fn run(mut self, options: Options, over: Arc<AtomicBool>) -> Self {
        let mut n = 0;
        while !over.load(Ordering::Relaxed) {
            let stream = self.drawn[n % DRAWS] as usize;
            let before = Instant::now();
            if let Err(error) = self.append_once(stream, &options).await {
                panic!("client {}: {error:?}", self.number);
            }
            self.micros.push(before.elapsed().as_secs_f64() * 1e6);
            n += 1;
        }
        self
    }
}

fn cpu_seconds() -> f64 {
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    unsafe { libc::getrusage(libc::RUSAGE_SELF, &mut usage) };
    let seconds = |t: libc::timeval| t.tv_sec as f64 + t.tv_usec as f64 / 1e6;
    seconds(usage.ru_utime) + seconds(usage.ru_stime)
}

fn read_line() {
    std::io::stdin()
        .lock()
        .read_line(&mut String::new())
        .expect("stdin");
}

#[tokio::main]
async fn main() -> DcbResult<()> {
    let options = options();
    let payloads = Arc::new(payloads(&options));
    let mut clients = Vec::new();
    for number in 0..options.clients {
        clients.push(Client::connect(number, &options, payloads.clone()).await?);
    }
    println!("ready");
    read_line();
    let over = Arc::new(AtomicBool::new(false));
    let (began, cpu) = (Instant::now(), cpu_seconds());
    let running: Vec<_> = clients
        .into_iter()
        .map(|c| tokio::spawn(c.run(options.clone(), over.clone())))
        .collect();
    tokio::time::sleep(Duration::from_secs_f64(options.seconds)).await;
    over.store(true, Ordering::Relaxed);
    let mut left = Vec::new(); // they stay connected until the end
    for client in running {
        left.push(client.await.expect("a client"));
    }
    let (seconds, cpu) = (began.elapsed().as_secs_f64(), cpu_seconds() - cpu);
    let mut micros: Vec<f64> = left.iter().flat_map(|c| c.micros.iter().copied()).collect();
    micros.sort_by(f64::total_cmp);
    let events = micros.len() * options.events;
    println!(
        "{{\"events\":{events},\"events_per_second\":{},\"cpu_us_per_event\":{},\"p50_us\":{},\"p99_us\":{}}}",
        events as f64 / seconds,
        cpu * 1e6 / events as f64,
        micros[micros.len() / 2],
        micros[micros.len() * 99 / 100]
    );
    read_line();
    Ok(())
}
