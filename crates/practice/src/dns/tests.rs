//! What an asker sees of the practice DNS.
