-- hash of the entry at ledger_practice.chain: a chain that goes on from an earlier one, after a loss, is told by it
ALTER TABLE ledger_practice ADD COLUMN entry {{bytes}}; -- NULL: the line was written before there was this column
