//! The live stream: from the bus to every open tab.
