// SPDX-License-Identifier: MIT
// The protocol of an upload ring and its timeline, for the model checker Spin: which bytes acquire() hands out while the
// program publishes, draws, marks and retires in any order, and the GPU runs late.
//
// It follows RingLayout (include/pmb/detail/ring_layout.hpp) and RingControl::make_room (src/ring/ring_reserve.cpp) name by
// name; a unit stands for a cache line. The program keeps its one duty: a ticket that retires a slice was marked after the
// slice's last draw. Everything else it does in any order, stale handles and old tickets included.
//
//   safety    no unit is handed out that another live slice has, or that a command issued before still reads
//   liveness  every wait for the GPU ends
//
// run_model.py checks both, and with --long that each fault below is found:
//   FAULT_EARLY      slices are reclaimed before their serial has passed
//   FAULT_OLD_ALL    a ticket marked before the newest publish retires all slices
//   FAULT_EQUAL      a slice published after the mark is reclaimed with those before it
//   FAULT_WRAP       the wrap looks at the end of the ring instead of the oldest slice
//   FAULT_BATCH      a batch that ends everything also ends slices retired one by one, later
//   FAULT_OPEN       the same for slices that are still being filled
//   FAULT_STALE      a stale handle is taken for the slice that has its record now
//   FAULT_NO_FLUSH   a wait does not flush

#ifndef KEYS
#define KEYS 4 /* slices in the life of the ring */
#endif
#define UNITS 3
#define SLOTS 3 /* records, reused in turn */
#define BATCHES 2
#ifndef MARKS
#define MARKS 2
#endif
#ifndef DRAWS
#define DRAWS 1
#endif
#define COMMANDS (MARKS + DRAWS)

#define FENCE 100

#define ACQUIRED 1
#define PUBLISHED 2
#define RETIRED 3

typedef Slot {
  byte key;
  byte state;
  byte offset;
  byte size;
  byte serial;
  byte due /* the program's: the first mark after the last draw, or 0 */
}
typedef Batch {
  byte serial;
  byte end
}

// The layout. Keys count from 1.
Slot slot[SLOTS];
Batch batch[BATCHES];
byte batch_count, front_key = 1, next_key = 1, wrap_key, head, limit = UNITS, filling; /* filling: slices acquired */
byte published_serial, retired_serial, single_serial, reusable_serial;

// The timeline, and the commands of the GPU: a draw of a slice, or a fence.
byte issued, passed;
byte command[COMMANDS]; /* oldest first: the key of a slice, or FENCE + serial */
byte first_unit[COMMANDS], units[COMMANDS];
byte sent, flushed, signalled, draws;
byte reading[UNITS]; /* draws issued and not executed */
bool waiting;

#define SLOT(key) slot[(key) % SLOTS]
#define UNRETIRED(key) (SLOT(key).serial >= retired_serial)
#define IS_LIVE(key) (SLOT(key).state == ACQUIRED || (SLOT(key).state == PUBLISHED && UNRETIRED(key)))
#define WRAPPED (front_key < wrap_key)
#ifdef FAULT_STALE
#define KNOWN(k) true
#else
#define KNOWN(k) (SLOT(k).key == (k))
#endif

// Without LIVENESS the GPU may also run what was not flushed: more than it does, never less.
#ifdef LIVENESS
#define MAY_RUN (sent > 0 && flushed > 0)
#else
#define MAY_RUN (sent > 0)
#endif

active proctype Gpu() {
  byte unit;
  do
  :: atomic {
       MAY_RUN ->
       if
       :: command[0] > FENCE -> signalled = command[0] - FENCE
       :: else ->
          do
          :: unit < units[0] -> reading[first_unit[0] + unit]--; unit++
          :: else -> break
          od
       fi;
       // The queue moves up.
       sent--;
       if
       :: flushed > 0 -> flushed--
       :: else
       fi;
       unit = 0;
       do
       :: unit < sent ->
          command[unit] = command[unit + 1];
          first_unit[unit] = first_unit[unit + 1];
          units[unit] = units[unit + 1];
          unit++
       :: else -> break
       od;
       command[sent] = 0;
       first_unit[sent] = 0;
       units[sent] = 0;
       unit = 0
     }
  od
}

inline update_limits() {
  limit = (WRAPPED -> SLOT(front_key).offset : UNITS)
}

inline is_done(key) {
  done = false;
  if
#ifdef FAULT_EQUAL
  :: SLOT(key).state == PUBLISHED -> done = SLOT(key).serial <= reusable_serial
#else
  :: SLOT(key).state == PUBLISHED -> done = SLOT(key).serial < reusable_serial
#endif
  :: SLOT(key).state == RETIRED -> done = SLOT(key).serial <= passed
  :: else
  fi;
#ifdef FAULT_EARLY
  done = SLOT(key).state == RETIRED || (SLOT(key).state == PUBLISHED && !UNRETIRED(key));
#endif
}

inline reclaim() {
  do
  :: batch_count > 0 && batch[0].serial <= passed ->
     reusable_serial = batch[0].serial;
     if
     :: batch[0].end > front_key -> front_key = batch[0].end
     :: else
     fi;
     batch[0].serial = batch[1].serial;
     batch[0].end = batch[1].end;
     batch_count--;
     batch[batch_count].serial = 0;
     batch[batch_count].end = 0
  :: else -> break
  od;
  do
  :: front_key == next_key -> break
  :: else ->
     is_done(front_key);
     if
     :: done -> SLOT(front_key).offset = 0; SLOT(front_key).size = 0; SLOT(front_key).due = 0; front_key++
     :: else -> break
     fi
  od;
  if
  :: front_key == next_key -> head = 0
  :: else
  fi;
  update_limits()
}

// Takes a slice, and checks that nobody has its units.
inline take(first, count) {
  unit = first;
  do
  :: unit < first + count -> assert(reading[unit] == 0); unit++
  :: else -> break
  od;
  key = front_key;
  do
  :: key < next_key ->
     assert(!IS_LIVE(key) || SLOT(key).offset + SLOT(key).size <= first || first + count <= SLOT(key).offset);
     key++
  :: else -> break
  od;
  // A live slice never leaves the records.
  key = 1;
  do
  :: key < front_key -> assert(SLOT(key).key != key || !IS_LIVE(key)); key++
  :: else -> break
  od;
  SLOT(next_key).key = next_key;
  SLOT(next_key).state = ACQUIRED;
  SLOT(next_key).offset = first;
  SLOT(next_key).size = count;
  SLOT(next_key).serial = 0;
  SLOT(next_key).due = 0;
  head = first + count;
  next_key++;
  filling++;
  unit = 0;
  key = 0
}

inline reserve(count) {
  taken = false;
  if
  :: next_key - front_key >= SLOTS -> skip
  :: else ->
     if
     :: head <= limit && count <= limit - head -> take(head, count); taken = true
     :: else ->
#ifdef FAULT_WRAP
        end = UNITS;
#else
        end = SLOT(front_key).offset;
#endif
        if
        :: !WRAPPED && front_key != next_key && count <= end ->
           wrap_key = next_key;
           take(0, count);
           taken = true;
           update_limits()
        :: else
        fi;
        end = 0
     fi
  fi
}

// The serial to wait for, or 0 if the oldest slice is live.
inline find_oldest() {
  oldest = 0;
  if
  :: IS_LIVE(front_key) -> skip
  :: else ->
     if
     :: SLOT(front_key).state == RETIRED -> oldest = SLOT(front_key).serial
     :: else -> oldest = (SLOT(front_key).serial < batch[0].serial -> batch[0].serial : batch[1].serial)
     fi
  fi
}

active proctype Program() {
  byte size, unit, key, end, oldest, ticket;
  bool taken, done;
  do
  // acquire(): waits if the oldest slice is retired, and gives up if it is live.
  :: next_key <= KEYS ->
     atomic {
       if
       :: size = 1
       :: size = 2
       fi;
       reclaim();
       reserve(size)
     };
     do
     :: taken -> break
     :: else ->
        atomic {
          find_oldest();
          if
          :: oldest == 0 -> break
          :: else ->
#ifndef FAULT_NO_FLUSH
             flushed = sent;
#endif
             waiting = true
          fi
        };
        atomic { signalled >= oldest -> passed = signalled; waiting = false };
        atomic { reclaim(); reserve(size) }
     od;
     atomic { size = 0; oldest = 0; taken = false; done = false }
  :: atomic {
       key = 1;
       do
       :: key + 1 < next_key -> key++
       :: break
       od;
       if
       // publish(), also of stale handles
       :: KNOWN(key) && SLOT(key).state == ACQUIRED ->
          SLOT(key).state = PUBLISHED;
          SLOT(key).serial = issued;
          published_serial = issued;
          filling--
       // cancel()
       :: KNOWN(key) && SLOT(key).state == ACQUIRED ->
          if
          :: key == next_key - 1 -> head = SLOT(key).offset
          :: else
          fi;
          SLOT(key).state = RETIRED;
          SLOT(key).serial = 0;
          filling--
       // a draw
       :: SLOT(key).key == key && SLOT(key).state == PUBLISHED && UNRETIRED(key) && draws < DRAWS ->
          command[sent] = key;
          first_unit[sent] = SLOT(key).offset;
          units[sent] = SLOT(key).size;
          unit = 0;
          do
          :: unit < SLOT(key).size -> reading[SLOT(key).offset + unit]++; unit++
          :: else -> break
          od;
          unit = 0;
          SLOT(key).due = issued + 1;
          sent++;
          draws++
       // mark()
       :: issued < MARKS -> issued++; command[sent] = FENCE + issued; sent++
       // a poll
       :: passed < signalled -> passed = signalled
       // retire(slice, ticket): any ticket after the last draw
       :: KNOWN(key) && SLOT(key).state == PUBLISHED && UNRETIRED(key) && issued > 0 ->
          ticket = 1;
          do
          :: ticket < issued -> ticket++
          :: break
          od;
          if
          :: ticket <= SLOT(key).serial -> skip /* refused */
          :: SLOT(key).key == key && ticket < SLOT(key).due -> skip /* the program's duty */
          :: else ->
             SLOT(key).state = RETIRED;
             SLOT(key).serial = ticket;
             if
             :: ticket > single_serial -> single_serial = ticket
             :: else
             fi
          fi;
          ticket = 0
       // retire(ticket)
       :: issued > 0 ->
          ticket = 1;
          do
          :: ticket < issued -> ticket++
          :: break
          od;
          done = true;
          unit = front_key;
          do
          :: unit < next_key ->
             if
             :: SLOT(unit).state == PUBLISHED && UNRETIRED(unit) && ticket < SLOT(unit).due -> done = false
             :: else
             fi;
             unit++
          :: else -> break
          od;
          unit = 0;
          if
          :: !done -> skip /* the program's duty */
#ifndef FAULT_OLD_ALL
          :: done && ticket <= published_serial -> skip /* refused */
#endif
          :: done && ticket <= retired_serial -> skip
          :: else ->
             retired_serial = ticket;
             if
             :: batch_count == BATCHES -> batch_count--
             :: else
             fi;
             batch[batch_count].serial = ticket;
             end = next_key;
#ifndef FAULT_OPEN
             end = (filling == 0 -> end : 0);
#endif
#ifndef FAULT_BATCH
             end = (single_serial <= ticket -> end : 0);
#endif
             batch[batch_count].end = end;
             batch_count++;
             end = 0
          fi;
          ticket = 0;
          done = false
       :: else
       fi;
       key = 0
     }
  od
}

ltl waits_end { [] (waiting -> <> !waiting) }
