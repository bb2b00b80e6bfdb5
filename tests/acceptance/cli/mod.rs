//! The command line as a user has it: the real program, its exit codes and its two streams.

mod calling;
mod doctor;
mod forms;
mod manual;
