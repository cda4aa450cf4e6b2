//! The way out: a bounded channel, and a short backlog for events that must not be lost.

use std::collections::VecDeque;

use tokio::sync::mpsc;

use super::NetEvent;

/// Events that may wait beside a full channel before the task stops reading its sources. One more turn can exceed it
/// by the requests that were open to one peer.
pub(super) const BACKLOG: usize = 256;

/// How much of the channel must be free for an event that may be refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Room {
    /// A quarter: gossip, which sync repairs.
    ForGossip,
    /// An eighth: requests, whose sender asks again.
    ForRequests,
}

/// Where events leave the network room.
pub(super) struct Outlet {
    events: mpsc::Sender<NetEvent>,
    backlog: VecDeque<NetEvent>,
}

impl Outlet {
    /// An outlet into a channel.
    pub(super) fn new(events: mpsc::Sender<NetEvent>) -> Self {
        Self { events, backlog: VecDeque::new() }
    }

    /// Whether an event of that kind may be sent.
    pub(super) fn has(&self, room: Room) -> bool {
        let kept_free = match room {
            Room::ForGossip => self.events.max_capacity() / 4,
            Room::ForRequests => self.events.max_capacity() / 8,
        };
        self.backlog.is_empty() && self.events.capacity() > kept_free
    }

    /// Sends an event, now or as soon as there is room.
    pub(super) fn push(&mut self, event: NetEvent) {
        if !self.backlog.is_empty() {
            self.backlog.push_back(event);
        } else if let Err(mpsc::error::TrySendError::Full(event)) = self.events.try_send(event) {
            self.backlog.push_back(event);
        }
    }

    /// Whether events wait beside the channel.
    pub(super) fn is_behind(&self) -> bool {
        !self.backlog.is_empty()
    }

    /// Whether nothing more should be read that leads to events.
    pub(super) fn is_congested(&self) -> bool {
        self.backlog.len() >= BACKLOG
    }

    /// Moves one event from the backlog into the channel as soon as there is room. Loses nothing when dropped half-way.
    pub(super) async fn advance(&mut self) {
        match self.events.reserve().await {
            Ok(permit) => {
                if let Some(event) = self.backlog.pop_front() {
                    permit.send(event);
                }
            }
            Err(_) => self.backlog.clear(),
        }
    }

    /// Resolves when nobody reads events any more.
    pub(super) async fn closed(&self) {
        self.events.closed().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(ask: u64) -> NetEvent {
        NetEvent::Answered { ask, result: Ok(Vec::new()) }
    }

    #[tokio::test]
    async fn events_leave_in_order_through_a_full_channel() {
        let (sender, mut reader) = mpsc::channel(4);
        let mut outlet = Outlet::new(sender);
        for ask in 0..20 {
            outlet.push(answered(ask));
        }
        let mut seen = Vec::new();
        while outlet.is_behind() {
            tokio::select! {
                () = outlet.advance() => {}
                event = reader.recv() => seen.extend(event),
            }
        }
        while let Ok(event) = reader.try_recv() {
            seen.push(event);
        }
        assert_eq!(seen, (0..20).map(answered).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn gossip_gives_way_before_requests_and_requests_before_answers() {
        let (sender, _reader) = mpsc::channel(16);
        let mut outlet = Outlet::new(sender);
        let mut ends = (None, None);
        for ask in 0..16 {
            if !outlet.has(Room::ForGossip) && ends.0.is_none() {
                ends.0 = Some(ask);
            }
            if !outlet.has(Room::ForRequests) && ends.1.is_none() {
                ends.1 = Some(ask);
            }
            outlet.push(answered(ask));
        }
        assert_eq!(ends, (Some(12), Some(14)));
        assert!(!outlet.is_behind(), "the rest is room for what must not be lost");
    }
}
